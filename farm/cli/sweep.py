"""Submit sweeps and look after them.

Examples:
  farm sweep submit nightly.yaml --dry-run
  farm sweep submit nightly.yaml --wait
  farm sweep submit nightly.yaml --once 2026-01-31
  farm sweep list
  farm sweep show last
  farm sweep cancel k3m9x2p7qa
  farm sweep retry last
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from farm.cli.console import counted, say, tell
from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.cli.run import submission_of
from farm.cli.waiting import until_settled
from farm.contract.states import JobState
from farm.database.engine import read, write
from farm.queries.duty import MEANING, duty_of
from farm.queries.sweeps import SweepRow, get_sweep, list_sweeps
from farm.reports.document import Cell, Column, Table
from farm.reports.formats import render_table
from farm.scheduler.cancel import cancel as cancel_jobs
from farm.scheduler.cancel import retry as retry_jobs
from farm.scheduler.enlist import SHARED_POOL, enlist
from farm.scheduler.loop import HEARTBEATS_MISSED
from farm.scheduler.register import LiveWorker, live_workers
from farm.settings import Settings
from farm.sweeps.catalogue import read_catalogue
from farm.sweeps.expand import Cell as SweepCell
from farm.sweeps.expand import expand
from farm.sweeps.load import load_sweep

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

COLUMNS: Final = (
    Column("sweep", "Sweep"),
    Column("name", "Name"),
    Column("created_at", "Submitted (UTC)"),
    Column("jobs", "Jobs", "1"),
    Column("settled", "Settled", "1"),
    Column("states", "States"),
    Column("labels", "Labels"),
)
DUTY: Final = (Column("duty_cycle", "Duty cycle", "%"), Column("evidence_share", "Evidence", "%"))
DUTY_MEANING: Final = f"{MEANING} Evidence is the share of its jobs' own time that gathering evidence took."
Id = Annotated[str, typer.Argument(metavar="SWEEP")]


@app.command()
def submit(
    sweep: Annotated[Path, typer.Argument(metavar="FILE")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every job is settled.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the cells, what each needs and who could take it; submit nothing.")
    ] = False,
    once: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Submit only once for this key: again, it gives the id of the first time."),
    ] = None,
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Submit a sweep file (YAML) and print the id of the sweep.

    The same file again is another sweep, unless --once says otherwise. With --wait the exit code is 1 when a job
    failed.
    """
    settings = settings_with(db)
    catalogue = read_catalogue()
    plan = load_sweep(sweep, catalogue)
    cells = expand(plan, catalogue)
    if dry_run:
        _show_cells(cells, _live(settings), form)
        return
    engine = opened(settings)
    with write(engine) as session:
        public_id = enlist(
            session, submission_of(plan, cells, settings=settings, source=sweep.read_text(), once_key=once)
        )
    say(public_id)
    if wait:
        ended = until_settled(engine, public_id)
        raise typer.Exit(1 if ended.states.get(JobState.FAILED) else 0)


@app.command("list")
def list_(db: Db = None, form: AsFormat = Format.TABLE, limit: Limit = 50) -> None:
    """List sweeps, the newest first."""
    with read(opened(settings_with(db))) as session:
        show(COLUMNS, [_row(row) for row in list_sweeps(session, limit=limit)], form)


@app.command("show")
def show_(sweep: Id, db: Db = None, form: AsFormat = Format.TABLE) -> None:
    """Show how a sweep stands, and how much of its time was spent measuring.

    SWEEP is its id, or `last` for the newest.
    """
    with read(opened(settings_with(db))) as session:
        found = get_sweep(session, sweep)
        spent = duty_of(session, found.public_id)
    share, proving = spent.share(), spent.proving_share()
    shares = (None if share is None else share * 100, None if proving is None else proving * 100)
    meaning = DUTY_MEANING if form is Format.TABLE else ""
    say(render_table(Table((*COLUMNS, *DUTY), ((*_row(found), *shares),), meaning), form).rstrip("\n"))


@app.command()
def cancel(sweep: Id, db: Db = None) -> None:
    """Cancel what is not done of a sweep.

    SWEEP is its id, or `last`. Running jobs stop within seconds; what is done stays.
    """
    with write(opened(settings_with(db))) as session:
        at_once, running = cancel_jobs(session, get_sweep(session, sweep).public_id)
    tell(f"{counted(at_once, 'job')} cancelled; {running} running ones stop within seconds")


@app.command()
def retry(
    sweep: Id,
    unsupported: Annotated[bool, typer.Option("--unsupported", help="Try the unsupported ones again too.")] = False,
    db: Db = None,
) -> None:
    """Try the failed and cancelled jobs of a sweep again.

    SWEEP is its id, or `last`.
    """
    settings = settings_with(db)
    with write(opened(settings)) as session:
        public_id = get_sweep(session, sweep).public_id
        again = retry_jobs(session, public_id, tries=settings.max_attempts, unsupported=unsupported)
    tell(f"{counted(again, 'job')} will be tried again")


def _live(settings: Settings) -> list[LiveWorker] | None:
    """Give the farm's live workers; None where no database of a farm is named, as a dry run needs none."""
    if not settings.database_url:
        return None
    silence = timedelta(seconds=settings.heartbeat_seconds * HEARTBEATS_MISSED)
    with read(opened(settings)) as session:
        return live_workers(session, pool=SHARED_POOL, silence=silence)


def _show_cells(cells: tuple[SweepCell, ...], live: list[LiveWorker] | None, form: Format) -> None:
    columns = (
        Column("cell", "Cell"),
        Column("needs", "Needs"),
        Column("workers", "Live workers"),
        Column("unsupported", "Unsupported"),
    )
    rows = []
    for cell in cells:
        need = cell.spec.requirement
        fitting = None if live is None else [worker.name for worker in live if not need.unmet(worker.offer)]
        taken_by = None if fitting is None or cell.unsupported else ", ".join(fitting) or "none now"
        rows.append((cell.spec.cell(), need.words(), taken_by, cell.unsupported or ""))
    show(columns, rows, form)


def _row(row: SweepRow) -> tuple[Cell, ...]:
    states = ", ".join(f"{count} {state}" for state, count in sorted(row.states.items()))
    labels = ", ".join(f"{key}={value}" for key, value in row.labels.items())
    return row.public_id, row.name, f"{row.created_at:%Y-%m-%d %H:%M:%S}", row.total(), row.settled(), states, labels
