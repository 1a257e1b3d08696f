"""List the machines that have served, and their live workers.

Examples:
  farm machines
"""

from datetime import timedelta

import typer

from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, settings_with
from farm.database.engine import read
from farm.queries.machines import list_machines
from farm.reports.document import Column
from farm.scheduler.loop import HEARTBEATS_MISSED

app = typer.Typer(add_completion=False, rich_markup_mode=None)

COLUMNS = (
    Column("machine", "Machine"),
    Column("cpu", "CPU"),
    Column("cores", "Cores", "1"),
    Column("memory", "Memory", "bytes"),
    Column("gpus", "GPUs"),
    Column("fingerprint", "Fingerprint"),
    Column("workers", "Live workers"),
    Column("last_seen_at", "Last seen (UTC)"),
)


@app.command()
def machines(db: Db = None, form: AsFormat = Format.TABLE) -> None:
    """List the machines that have served, the latest seen first, with their live workers."""
    settings = settings_with(db)
    silence = timedelta(seconds=settings.heartbeat_seconds * HEARTBEATS_MISSED)
    with read(opened(settings)) as session:
        found = list_machines(session, silence=silence)
    rows = [
        (
            row.name,
            row.cpu,
            row.cores,
            row.memory_bytes,
            ", ".join(row.gpus),
            row.fingerprint,
            ", ".join(row.workers),
            f"{row.last_seen_at:%Y-%m-%d %H:%M:%S}",
        )
        for row in found
    ]
    show(COLUMNS, rows, form)
