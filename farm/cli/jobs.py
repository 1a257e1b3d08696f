"""Look at jobs, their attempts and their logs.

Examples:
  farm jobs list --sweep last --state failed
  farm jobs show m4t8w2c6yz
  farm jobs logs m4t8w2c6yz
"""

from datetime import datetime
from typing import Annotated

import typer

from farm.cli import asking
from farm.cli.console import say, tell
from farm.cli.listing import show, show_parts, table_of
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.contract.errors import UnknownName
from farm.contract.states import JobState
from farm.database.engine import read
from farm.queries.filters import unmatched
from farm.queries.jobs import JobRow, get_job, list_jobs
from farm.queries.sweeps import get_sweep
from farm.reports.document import Cell, Column
from farm.reports.printable import printable_lines

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

COLUMNS = (
    Column("job", "Job"),
    Column("sweep", "Sweep"),
    Column("cell", "Cell"),
    Column("state", "State"),
    Column("attempts", "Attempts", "1"),
    Column("reason", "Reason"),
)
ATTEMPTS = (
    Column("attempt", "Attempt", "1"),
    Column("state", "State"),
    Column("worker", "Worker"),
    Column("machine", "Machine"),
    Column("started_at", "Started (UTC)"),
    Column("finished_at", "Finished (UTC)"),
    Column("stage", "Stage"),
    Column("code", "Code"),
    Column("message", "Message"),
)
EVENTS = (
    Column("at", "At (UTC)"),
    Column("before", "Before"),
    Column("after", "After"),
    Column("actor", "Actor"),
    Column("detail", "Detail"),
)
Id = Annotated[str, typer.Argument(metavar="JOB")]


@app.command("list")
def list_(
    sweep: Annotated[
        str | None, typer.Option(metavar="ID", help="Only jobs of this sweep; `last` is the newest.")
    ] = None,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    model: asking.Model = None,
    family: asking.Family = None,
    platform: asking.Platform = None,
    precision: asking.Precision = None,
    scenario: asking.Scenario = None,
    db: Db = None,
    form: AsFormat = Format.TABLE,
    limit: Limit = 200,
) -> None:
    """List jobs, the newest sweep first: their ids, cells, states and why they are in them."""
    filters = asking.given(model=model, family=family, platform=platform, precision=precision, scenario=scenario)
    with read(opened(settings_with(db))) as session:
        chosen = get_sweep(session, sweep).public_id if sweep else None
        found = list_jobs(session, sweep=chosen, state=state, filters=filters, limit=limit)
        for hint in [] if found else unmatched(session, filters):
            tell(hint)
    show(COLUMNS, [_row(job) for job in found], form)


@app.command("show")
def show_(job: Id, db: Db = None, form: AsFormat = Format.TABLE) -> None:
    """Show the job of this id with its attempts and events.

    CSV has the job alone.
    """
    with read(opened(settings_with(db))) as session:
        found = get_job(session, job)
    attempts = [
        (a.number, a.state, a.worker, a.machine, _time(a.started_at), _time(a.finished_at), a.stage, a.code, a.message)
        for a in found.attempts
    ]
    events = [(_time(e.at), e.before, e.after, e.actor, e.detail) for e in found.events]
    parts = {
        "job": table_of(COLUMNS, [_row(found.row)]),
        "attempts": table_of(ATTEMPTS, attempts),
        "events": table_of(EVENTS, events),
    }
    show_parts(parts, form, csv="job")


@app.command()
def logs(
    job: Id,
    attempt: Annotated[int | None, typer.Option(help="Number of the attempt; default: the last.")] = None,
    db: Db = None,
) -> None:
    """Print the end of what the process of the job of this id wrote."""
    with read(opened(settings_with(db))) as session:
        found = get_job(session, job).attempts
    chosen = [each for each in found if attempt is None or each.number == attempt]
    if not chosen:
        raise UnknownName(f"job {job} has no attempt {attempt or ''}".rstrip() + f"; it has {len(found)}")
    say(printable_lines(chosen[-1].log))


def _row(job: JobRow) -> tuple[Cell, ...]:
    return job.public_id, job.sweep, job.cell, job.state, job.attempts, job.reason


def _time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if at else None
