"""Write a report: performance, leaderboard, roofline, distribution, regression, coverage or cost.

Examples:
  farm report
  farm report last --to results/nightly
  farm report coverage last --format html > coverage.html
  farm report leaderboard --model minilm --since 30d
  farm report roofline last --to roofline
  farm report distribution k3m9x2p7qa h7w2m4c8ze --format html > spread.html
  farm report regression commit=abc123 commit=def456 --format markdown
  farm report regression --model minilm --since 90d
  farm report cost last --price 3.20 --price big-box=9.75 --currency EUR
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from farm.cli import asking
from farm.cli.console import say, tell
from farm.cli.opening import opened
from farm.cli.options import Db, settings_with
from farm.contract.errors import UserMistake
from farm.database.engine import read
from farm.queries.fields import known_metrics
from farm.queries.question import Question
from farm.reports import kinds
from farm.reports.formats import make_room, render, write_files

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"


FILES: Final = (ReportFormat.MARKDOWN, ReportFormat.HTML)  # what `--to` writes unless told otherwise
HELP: Final = "\n\n".join(
    [
        "Write a report to stdout, or to files; without a KIND, the performance report of a sweep.",
        "SWEEP is an id, or `last` for the newest; without one, all results count that the filters let through. Kinds:",
        *(f"{kind.name} {kind.words}: {kind.sentence}" for kind in kinds.kinds()),
        "Every table says which command asks for the same rows; an HTML page has pictures too.",
    ]
)


@app.command(help=HELP)
def report(
    words: Annotated[list[str] | None, typer.Argument(metavar="[KIND] [SWEEP]", show_default=False)] = None,
    to: Annotated[
        Path | None, typer.Option(help="Write FILE.md and FILE.html, or the given formats.", metavar="FILE")
    ] = None,
    form: Annotated[
        list[ReportFormat] | None,
        typer.Option("--format", "-f", help="How to write it; with --to may be given again.  [default: markdown]"),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(metavar="[MACHINE=]PRICE", help="cost: of a machine hour, for all or one; may be given again."),
    ] = None,
    currency: Annotated[str, typer.Option(metavar="WORD", help="cost: what prices are in.")] = kinds.CURRENCY,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="distribution, regression: of this; for the latter may be given again.  [default: latency]"),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.001, max=10.0, help="regression: a smaller difference, as a share, counts as none."),
    ] = None,
    name: asking.Name = None,
    model: asking.Model = None,
    family: asking.Family = None,
    platform: asking.Platform = None,
    precision: asking.Precision = None,
    scenario: asking.Scenario = None,
    machine: asking.Machine = None,
    label: asking.Label = None,
    since: asking.Since = None,
    until: asking.Until = None,
    where: asking.Where = None,
    db: Db = None,
) -> None:
    """Write a report of the asked kind."""
    filters = asking.given(name=name, model=model, family=family, platform=platform, precision=precision)
    filters |= asking.given(scenario=scenario, machine=machine)
    question = Question(filters, since, until, tuple(label or ()), tuple(where or ()))
    kind, rest = kinds.parted(words or ())
    forms = form or list(FILES if to else FILES[:1])
    if to is None and len(forms) > 1:
        raise UserMistake("several formats need files: give --to FILE")
    if to is not None:
        make_room(to)
    request = kinds.Request(rest, question, known_metrics(metric or ()), tuple(price or ()), currency, threshold)
    with read(opened(settings_with(db))) as session:
        document = kinds.build(session, kind, request)
    if to is None:
        say(render(document, forms[0]).rstrip("\n"))
        return
    for path in write_files(document, to, formats=forms):
        tell(f"report: {path}")
