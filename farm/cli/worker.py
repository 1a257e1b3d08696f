"""Serve jobs on this machine.

Examples:
  farm worker --platform cpu --platform openvino
  farm worker --platform cuda --tag rack7
"""

import os
import sys
from typing import Annotated

import typer

from farm.cli.options import Broker, Db, settings_with
from farm.contract.errors import NoBroker, UnknownName
from farm.contract.meant import nearest
from farm.local.broker import check_broker
from farm.sweeps.catalogue import read_catalogue

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def worker(
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", "-p", help="Platform to serve; repeat for more. Default: all real."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="Tag of your own; repeat for more.")] = None,
    name: Annotated[str, typer.Option(help="Name of this worker; default: host, platforms and process id.")] = "",
    db: Db = None,
    broker: Broker = None,
) -> None:
    """Serve jobs on this machine until told to stop.

    The first SIGTERM or Ctrl-C lets the running job finish; a second one gives it back at once.
    """
    settings = settings_with(db, broker)
    if not settings.broker_url:
        raise NoBroker("a worker needs a broker: give --broker URL or set FARM_BROKER_URL (`farm run` needs neither)")
    check_broker(settings.broker_url)
    known = read_catalogue().platforms
    wanted = platform or [entry for entry in known if entry != "fake"]
    for entry in wanted:
        if entry not in known:
            raise UnknownName(f"no platform {entry!r}; {nearest(entry, known)}")
    command = [sys.executable, "-m", "workers", "serve"]
    for entry in wanted:
        command += ["--platform", entry]
    for entry in tag or ():
        command += ["--tag", entry]
    if name:
        command += ["--name", name]
    os.execve(sys.executable, command, os.environ | settings.environment())
