"""Watch the farm at work: queues, workers and what they run.

Examples:
  farm top
  farm top --every 10
  farm top --once --format json
"""

import sys
import time
from datetime import timedelta
from typing import Annotated

import typer

from farm.cli.console import full_screen
from farm.cli.listing import show_parts, table_of
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, settings_with
from farm.contract.states import JobState
from farm.database.engine import read
from farm.queries.live import Live, live
from farm.reports.document import Column, Document, Section, Table
from farm.reports.formats import render
from farm.scheduler.loop import HEARTBEATS_MISSED

app = typer.Typer(add_completion=False, rich_markup_mode=None)

COUNTS = (
    *(Column(state.value, state.value.capitalize(), "1") for state in JobState),
    Column("done_1h", "Done in 1 h", "1"),
    Column("failed_1h", "Failed", "1"),
    Column("expired_1h", "Leases expired", "1"),
    Column("released_1h", "Given back", "1"),
    Column("doubted_1h", "With doubts", "1"),
)
QUEUES = (
    Column("queue", "Queue"),
    Column("needs", "Needs"),
    Column("planned", "Planned", "1"),
    Column("waiting", "Waiting", "1"),
    Column("queued", "Queued", "1"),
    Column("running", "Running", "1"),
    Column("workers", "Live workers", "1"),
)
WORKERS = (
    Column("worker", "Worker"),
    Column("machine", "Machine"),
    Column("pool", "Pool"),
    Column("cell", "Runs"),
    Column("running", "For", "s"),
    Column("heard", "Heard", "s"),
    Column("rests", "Takes no jobs because"),
)


@app.command()
def top(
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, write it to stdout, and end; so it does without a terminal.")
    ] = False,
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Watch queues, workers and what ended in the last hour, until Ctrl-C.

    With --once, CSV has the workers alone.
    """
    settings = settings_with(db)
    engine = opened(settings)
    silence = timedelta(seconds=settings.heartbeat_seconds * HEARTBEATS_MISSED)

    def parts() -> dict[str, Table]:
        with read(engine) as session:
            return _parts(live(session, silence=silence))

    if once or not sys.stdout.isatty():
        show_parts(parts(), form, csv="workers")
        return
    with full_screen() as screen:
        while True:
            sections = tuple(Section(name, (), (table,)) for name, table in parts().items())
            screen(render(Document("", sections), Format.TABLE))
            time.sleep(every)


def _parts(seen: Live) -> dict[str, Table]:
    counts = [seen.states.get(state, 0) for state in JobState]
    return {
        "jobs": table_of(COUNTS, [(*counts, *seen.lately)]),
        "queues": table_of(QUEUES, seen.queues),
        "workers": table_of(WORKERS, seen.workers),
    }
