"""Tell Prometheus how the farm stands.

Examples:
  farm metrics
  farm metrics --listen 127.0.0.1:9464
"""

import signal
import threading
from datetime import timedelta
from typing import Annotated

import typer
from prometheus_client import generate_latest, start_http_server

from farm.cli.console import say, tell
from farm.cli.opening import opened
from farm.cli.options import Db, settings_with
from farm.contract.errors import EnvironmentFault, UserMistake
from farm.database.engine import read
from farm.queries.live import Live, live
from farm.queries.totals import Totals, totals
from farm.reports.exposition import registry
from farm.scheduler.loop import HEARTBEATS_MISSED

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def metrics(
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Serve them over HTTP there, until told to stop.")
    ] = None,
    db: Db = None,
) -> None:
    """Print the metrics once, as Prometheus reads them, or serve them under /metrics.

    They are asked from the database at every scrape; what reads them needs neither broker nor scheduler.
    """
    settings = settings_with(db)
    engine = opened(settings)
    silence = timedelta(seconds=settings.heartbeat_seconds * HEARTBEATS_MISSED)

    def ask() -> tuple[Live, Totals]:
        with read(engine) as session:
            return live(session, silence=silence), totals(session)

    if listen is None:
        say(generate_latest(registry(ask)).decode().rstrip("\n"))
        return
    host, port = _address(listen)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server, thread = start_http_server(port, addr=host, registry=registry(ask))
    except OSError as error:
        raise EnvironmentFault(f"nothing can be served at {listen}: {error.strerror}") from error
    tell(f"metrics at http://{host}:{server.server_port}/metrics")
    stop.wait()
    server.shutdown()
    thread.join()


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not (separator and host and port.isdecimal() and int(port) < 2**16):
        raise UserMistake(f"--listen {listen}: HOST:PORT is needed, such as 127.0.0.1:9464")
    return host, int(port)
