"""Check broker, database, devices and clock, and say how to mend what is wrong.

Examples:
  farm doctor
  farm doctor --broker redis://queue:6379/0 --format json
  farm doctor --audit
  farm doctor --audit --sweep last
"""

import time
from collections.abc import Callable
from typing import Annotated

import typer

from farm.cli.console import counted, tell
from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Broker, Db, Format, settings_with
from farm.contract.errors import FarmError, UserMistake
from farm.contract.machine import Probe
from farm.contract.states import AttemptState
from farm.database import migrate
from farm.database.engine import now, open_engine, read
from farm.local.broker import check_broker, embedded_broker
from farm.local.leftovers import Leftover, leftovers
from farm.local.processes import ask_workers
from farm.queries.audit import Finding, attempt_states, audit
from farm.queries.sweeps import get_sweep
from farm.reports.document import Column
from farm.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

CLOCK_APART = 5.0  # seconds
FINDINGS = (Column("job", "Job"), Column("wrong", "Wrong"), Column("mend", "To mend it"))


@app.command()
def doctor(
    audited: Annotated[
        bool, typer.Option("--audit", help="Look for lost jobs, double results and illegal moves in the database.")
    ] = False,
    sweep: Annotated[
        str | None,
        typer.Option(metavar="ID", help="With --audit: hold that this sweep has ended; `last` is the newest."),
    ] = None,
    db: Db = None,
    broker: Broker = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Check everything this box needs; exit code 3 when something is wrong.

    With --audit, check instead that the database holds the history of every job without a gap: exit code 1 when not.
    """
    settings = settings_with(db, broker)
    if audited:
        raise typer.Exit(_audit(settings, sweep, form))
    if sweep:
        raise UserMistake("--sweep says which sweep to audit: farm doctor --audit --sweep ID")
    checks: dict[str, Callable[[Settings], str]] = {
        "database": _database,
        "clock": _clock,
        "broker": _broker,
        "platforms": _platforms,
    }
    rows, wrong = [], False
    for name, check in checks.items():
        try:
            rows.append((name, "ok", check(settings)))
        except FarmError as error:
            wrong = True
            rows.append((name, "wrong", str(error)))
    show((Column("check", "Check"), Column("state", "State"), Column("detail", "Detail")), rows, form)
    raise typer.Exit(3 if wrong else 0)


def _audit(settings: Settings, sweep: str | None, form: Format) -> int:
    left = leftovers(settings.spool_dir())
    with read(opened(settings)) as session:
        ended = get_sweep(session, sweep).public_id if sweep else None
        found = audit(session, ended=ended)
        known = attempt_states(session, [each.token for each in left])
    found += [_left(each, known.get(each.token)) for each in left]
    show(FINDINGS, found, form)
    tell(f"{counted(len(found), 'thing')} wrong" if found else "nothing is wrong")
    return 1 if found else 0


def _left(leftover: Leftover, attempt: tuple[str, AttemptState] | None) -> Finding:
    """Say what a file in the spool means, by how its attempt stands."""
    if attempt is None:
        return Finding("", f"{leftover.path} is of no attempt in this database", "delete it, unless it is another's")
    job, state = attempt
    if not leftover.whole or state is not AttemptState.RUNNING:
        return Finding(job, f"{leftover.path} can settle nothing: its attempt is {state}", "delete it")
    mend = "start a worker with this data folder: it settles it"
    return Finding(job, f"{leftover.path} is a result that waits to be settled", mend)


def _database(settings: Settings) -> str:
    engine = open_engine(settings.sql_url())
    if settings.embedded_database():
        migrate.upgrade(engine)
    migrate.check(engine)
    return f"{engine.url.render_as_string(hide_password=True)} at revision {migrate.head()}"


def _clock(settings: Settings) -> str:
    with read(open_engine(settings.sql_url())) as session:
        apart = abs(now(session).timestamp() - time.time())
    if apart > CLOCK_APART:
        raise FarmError(f"this clock and the database's are {apart:.1f} s apart; synchronise them (NTP)")
    return f"{apart:.2f} s from the database's"


def _broker(settings: Settings) -> str:
    if settings.broker_url:
        check_broker(settings.broker_url)
        return "the broker of FARM_BROKER_URL answers"
    with embedded_broker(settings.data_dir) as url:
        check_broker(url)
    return "the embedded broker starts and answers"


def _platforms(settings: Settings) -> str:
    probe = Probe.model_validate_json(ask_workers(settings, ["probe"]))
    usable = [status.platform for status in probe.platforms if status.available]
    absent = [f"{status.platform}: {status.reason}" for status in probe.platforms if not status.available]
    return f"can run {', '.join(usable)}" + (f" ({'; '.join(absent)})" if absent else "")
