"""Check broker, database, devices and clock, and say how to mend what is wrong.

Examples:
  farm doctor
  farm doctor --broker redis://:PASSWORD@queue:6379/0 --format json
"""

import time
from collections.abc import Callable

import typer

from farm.cli.listing import show
from farm.cli.options import AsFormat, Broker, Db, Format, settings_with
from farm.contract.errors import FarmError
from farm.contract.machine import Probe
from farm.database import migrate
from farm.database.engine import now, open_engine, read
from farm.local.broker import check_broker, embedded_broker
from farm.local.processes import ask_workers
from farm.reports.document import Column
from farm.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

CLOCK_APART = 5.0  # seconds


@app.command()
def doctor(db: Db = None, broker: Broker = None, form: AsFormat = Format.TABLE) -> None:
    """Check everything this box needs; exit code 3 when something is wrong."""
    settings = settings_with(db, broker)
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
