"""Say what this box can run and, if not, why.

Examples:
  farm platforms
"""

import typer

from farm.cli.listing import show
from farm.cli.options import AsFormat, Format, settings_with
from farm.contract.machine import Probe
from farm.local.processes import ask_workers
from farm.reports.document import Column
from farm.sweeps.catalogue import read_catalogue

app = typer.Typer(add_completion=False, rich_markup_mode=None)

COLUMNS = (
    Column("platform", "Platform"),
    Column("available", "Available"),
    Column("precisions", "Precisions"),
    Column("tags", "Tags"),
    Column("reason", "Reason"),
)


@app.command()
def platforms(form: AsFormat = Format.TABLE) -> None:
    """Probe every platform on this box: what it can run, and if not, why. Asks no database."""
    known = read_catalogue().platforms
    probe = Probe.model_validate_json(ask_workers(settings_with(), ["probe"]))
    rows = []
    for status in probe.platforms:
        usable = [word for word in known[status.platform].precisions if word not in status.unsupported_precisions]
        reasons = [status.reason, *(f"{word}: {why}" for word, why in status.unsupported_precisions.items())]
        said = "; ".join(reason for reason in reasons if reason)
        answer = "yes" if status.available else "no"
        rows.append((status.platform, answer, ", ".join(usable), ", ".join(status.tags), said))
    show(COLUMNS, rows, form)
