"""Look at jobs, their attempts and their logs.

Examples:
  farm jobs list --state failed
  farm jobs logs m4t8w2c6yz
"""

from typing import Annotated

import typer

from farm.cli.console import say
from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.contract.errors import UnknownName
from farm.contract.states import JobState
from farm.database.engine import read
from farm.queries.jobs import JobRow, get_job, list_jobs
from farm.reports.document import Cell, Column
from farm.reports.printable import printable_lines

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

COLUMNS = (
    Column("job", "Job"),
    Column("sweep", "Sweep"),
    Column("cell", "Cell"),
    Column("state", "State"),
    Column("attempts", "Attempts", "1"),
    Column("reason", "Reason"),
)
Id = Annotated[str, typer.Argument(help="Id of the job.", metavar="ID")]


@app.command("list")
def list_(
    sweep: Annotated[str | None, typer.Option(help="Only jobs of this sweep.")] = None,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    db: Db = None,
    form: AsFormat = Format.TABLE,
    limit: Limit = 200,
) -> None:
    """List jobs."""
    with read(opened(settings_with(db))) as session:
        show(COLUMNS, [_row(job) for job in list_jobs(session, sweep=sweep, state=state, limit=limit)], form)


@app.command("show")
def show_(job: Id, db: Db = None, form: AsFormat = Format.TABLE) -> None:
    """Show a job with its attempts and events."""
    with read(opened(settings_with(db))) as session:
        found = get_job(session, job)
    show(COLUMNS, [_row(found.row)], form)
    if form is not Format.TABLE:
        return
    attempts = (
        Column("n", "Attempt", "1"),
        *(Column(key, key) for key in ("state", "worker", "stage", "code", "message")),
    )
    say("")
    show(attempts, [(a.number, a.state, a.worker, a.stage, a.code, a.message) for a in found.attempts], form)
    events = tuple(Column(key, key) for key in ("at", "before", "after", "actor", "detail"))
    say("")
    show(events, [(f"{e.at:%H:%M:%S.%f}", e.before, e.after, e.actor, e.detail) for e in found.events], form)


@app.command()
def logs(
    job: Id,
    attempt: Annotated[int | None, typer.Option(help="Number of the attempt; default: the last.")] = None,
    db: Db = None,
) -> None:
    """Print the end of what a job's process wrote."""
    with read(opened(settings_with(db))) as session:
        found = get_job(session, job).attempts
    chosen = [each for each in found if attempt is None or each.number == attempt]
    if not chosen:
        raise UnknownName(f"job {job} has no attempt {attempt or ''}".rstrip() + f"; it has {len(found)}")
    say(printable_lines(chosen[-1].log))


def _row(job: JobRow) -> tuple[Cell, ...]:
    return job.public_id, job.sweep, job.cell, job.state, job.attempts, job.reason
