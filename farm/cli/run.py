"""Run a whole sweep on this machine, from YAML to report.

Examples:
  farm run examples/quickstart.yaml
  farm run my.yaml --report results/my
  farm run my.yaml --resume
"""

import re
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Engine

from farm.cli.console import counted, log_to_stderr, say, sweep_progress, tell
from farm.cli.options import Db, settings_with
from farm.contract.errors import UnknownName
from farm.contract.states import JobState
from farm.database import migrate
from farm.database.engine import open_engine, read, write
from farm.local.run import Glance, drain, pool_of
from farm.queries.duty import duty_of
from farm.queries.sweeps import unfinished
from farm.reports import performance
from farm.reports.formats import make_room, write_files
from farm.scheduler.enlist import Submission, enlist
from farm.settings import Settings
from farm.sweeps.catalogue import Catalogue, read_catalogue
from farm.sweeps.expand import Cell, expand
from farm.sweeps.load import load_sweep
from farm.sweeps.plan import SweepPlan

app = typer.Typer(add_completion=False, rich_markup_mode=None)

NO_FILE_NAME: Final = r"[^\w.-]+"  # what a sweep's name may hold and a file's name should not


@app.command()
def run(
    sweep: Annotated[Path, typer.Argument(metavar="FILE")],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Write the report to FILE.md and FILE.html.  [default: farm-report-NAME]", metavar="FILE"
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last unfinished run of this file.")] = False,
    db: Db = None,
) -> None:
    """Run a sweep file (YAML) on this machine: embedded broker, local workers, SQLite, and a report at the end.

    Ctrl-C loses nothing: --resume goes on. Exit code 1 when a job failed.
    """
    settings = settings_with(db)
    log_to_stderr("WARNING")  # the progress display tells the rest
    catalogue = read_catalogue()
    plan = load_sweep(sweep, catalogue)
    cells = expand(plan, catalogue)
    source = sweep.read_text()
    to = report or Path(f"farm-report-{re.sub(NO_FILE_NAME, '-', plan.name)}")
    make_room(to)
    engine = open_engine(settings.sql_url())
    if settings.embedded_database():
        migrate.upgrade(engine)
    migrate.check(engine)
    public_id = (
        _resumed(engine, source)
        if resume
        else _submitted(engine, submission_of(plan, cells, settings=settings, source=source))
    )
    tell(f"sweep {public_id}: {counted(len(cells), 'job')}; database {engine.url.render_as_string(hide_password=True)}")
    groups = worker_groups(plan, catalogue, share_host=settings.share_host)
    try:
        with sweep_progress() as progress:
            seen = drain(engine, settings, sweep=public_id, groups=groups, show=progress.show)
    except KeyboardInterrupt:
        tell(f"stopped; nothing is lost. Go on with: farm run {sweep} --resume")
        raise
    _report(engine, public_id, catalogue=catalogue, to=to)
    raise typer.Exit(_exit_code(seen))


def _submitted(engine: Engine, submission: Submission) -> str:
    """Enlist a sweep into a pool of its own."""
    with write(engine) as session:
        return enlist(session, submission, pool_of=pool_of)


def submission_of(
    plan: SweepPlan, cells: tuple[Cell, ...], *, settings: Settings, source: str, once_key: str | None = None
) -> Submission:
    """Put together what is enlisted."""
    return Submission(
        name=plan.name,
        plan=plan.as_json(),
        source=source,
        labels={**plan.labels},
        priority=plan.priority,
        max_attempts=plan.max_attempts or settings.max_attempts,
        cells=[(cell.spec, cell.unsupported) for cell in cells],
        once_key=once_key,
    )


def worker_groups(plan: SweepPlan, catalogue: Catalogue, *, share_host: bool) -> list[tuple[str, ...]]:
    """Group platforms into workers: one for all, as one device is measured at a time; GPUs apart if they may share."""
    names = plan.platforms
    if not share_host:
        return [names]
    hosts = tuple(name for name in names if catalogue.platforms[name].device == "host")
    gpus = tuple(name for name in names if catalogue.platforms[name].device == "gpu")
    return [group for group in (hosts, gpus) if group]


def _resumed(engine: Engine, source: str) -> str:
    with read(engine) as session:
        found = unfinished(session, source=source, pool_prefix=pool_of(""))
    if found is None:
        raise UnknownName("there is no unfinished run of this file to resume; run it without --resume")
    return found


def _report(engine: Engine, public_id: str, *, catalogue: Catalogue, to: Path) -> None:
    with read(engine) as session:
        document = performance.build(session, public_id, catalogue=catalogue)
        spent = duty_of(session, public_id).words()
    say(performance.brief(document))
    if spent:
        tell(spent)
    for path in write_files(document, to, formats=("markdown", "html")):
        tell(f"report: {path}")


def _exit_code(seen: Glance) -> int:
    if seen.states.get(JobState.FAILED):
        return 1
    if seen.states.get(JobState.WAITING):
        tell("some jobs wait for a machine that can run them; `farm run SWEEP --resume` goes on with them")
        return 0 if seen.states.get(JobState.DONE) else 3
    return 0
