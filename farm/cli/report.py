"""Write the performance report of a sweep.

Examples:
  farm report
  farm report k3m9x2p7qa --to results/nightly
  farm report last --format html > report.html
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from farm.cli.console import say, tell
from farm.cli.opening import opened
from farm.cli.options import Db, settings_with
from farm.database.engine import read
from farm.reports import performance
from farm.reports.formats import render, write_files
from farm.sweeps.catalogue import read_catalogue

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class ReportFormat(StrEnum):
    """How a report is written to stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"


@app.command()
def report(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP")] = "last",
    to: Annotated[
        Path | None, typer.Option(help="Write FILE.md and FILE.html instead of stdout.", metavar="FILE")
    ] = None,
    db: Db = None,
    form: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="How to write it to stdout.")
    ] = ReportFormat.MARKDOWN,
) -> None:
    """Write the report of a sweep (its id, or `last` for the newest) to stdout, or to files."""
    with read(opened(settings_with(db))) as session:
        document = performance.build(session, sweep, catalogue=read_catalogue())
    if to is None:
        say(render(document, form).rstrip("\n"))
        return
    for path in write_files(document, to, formats=("markdown", "html")):
        tell(f"report: {path}")
