"""Hand out jobs to workers, and take back those of workers that fell silent.

Examples:
  farm scheduler
"""

import signal
import threading
from typing import Annotated

import typer

from farm.cli.console import log_to_stderr
from farm.cli.options import Broker, Db, settings_with
from farm.contract.errors import NoBroker
from farm.database import migrate
from farm.database.engine import open_engine
from farm.local.broker import check_broker
from farm.scheduler import loop
from farm.scheduler.enlist import SHARED_POOL
from farm.scheduler.queue import make_app

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def scheduler(
    db: Db = None,
    broker: Broker = None,
    pool: Annotated[str, typer.Option(hidden=True)] = SHARED_POOL,
) -> None:
    """Serve until told to stop. Several schedulers may run at once; none does harm to another."""
    settings = settings_with(db, broker)
    if not settings.broker_url:
        raise NoBroker("a scheduler needs a broker: give --broker URL or set FARM_BROKER_URL")
    check_broker(settings.broker_url)
    engine = open_engine(settings.sql_url())
    migrate.check(engine)
    log_to_stderr(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    app_ = make_app(settings.broker_url, timeout=settings.broker_timeout_seconds)
    loop.run(engine, app_, settings=settings, pool=pool, stop=stop)
