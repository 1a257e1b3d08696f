"""Ask for results.

Examples:
  farm results --model minilm --verdict real
  farm results show k3m9x2p7qa
"""

from typing import Annotated

import typer

from farm.cli.console import say
from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.contract.metrics import METRICS
from farm.database.engine import read
from farm.queries.results import ResultRow, find_result, find_results
from farm.reports.document import Cell, Column

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

COLUMNS = (
    Column("result", "Result"),
    Column("model", "Model"),
    Column("platform", "Platform"),
    Column("precision", "Precision"),
    Column("batch_size", "Batch", "1"),
    Column("latency", "Latency p50", "s"),
    Column("latency_p95", "p95", "s"),
    Column("throughput", "Items/s", "items/s"),
    Column("memory_growth", "Memory", "bytes"),
    Column("n", "n", "1"),
    Column("verdict", "Verdict"),
    Column("doubts", "Doubts"),
    Column("machine", "Machine"),
    Column("finished_at", "Finished (UTC)"),
)


@app.callback()
def results(
    ctx: typer.Context,
    sweep: Annotated[str | None, typer.Option(help="Id of the sweep.")] = None,
    model: Annotated[str | None, typer.Option(help="Model, as the sweep named it.")] = None,
    family: Annotated[str | None, typer.Option(help="Kind of work.")] = None,
    platform: Annotated[str | None, typer.Option(help="Runtime on a device.")] = None,
    precision: Annotated[str | None, typer.Option(help="Number format.")] = None,
    machine: Annotated[str | None, typer.Option(help="Name of the box.")] = None,
    verdict: Annotated[str | None, typer.Option(help="real, suspect or mock.")] = None,
    db: Db = None,
    form: AsFormat = Format.TABLE,
    limit: Limit = 100,
) -> None:
    """List results, the newest first."""
    if ctx.invoked_subcommand is not None:
        return
    asked = {
        "sweep": sweep,
        "model": model,
        "family": family,
        "platform": platform,
        "precision": precision,
        "machine": machine,
        "verdict": verdict,
    }
    with read(opened(settings_with(db))) as session:
        rows = find_results(session, {word: value for word, value in asked.items() if value}, limit=limit)
    show(COLUMNS, [_row(row) for row in rows], form)


@app.command("show")
def show_(
    result: Annotated[str, typer.Argument(help="Id of the result or of its job.", metavar="ID")],
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Show everything about one result: metrics, evidence, doubts, conditions, and what ran."""
    with read(opened(settings_with(db))) as session:
        found = find_result(session, result)
    if form is Format.TABLE:
        show(COLUMNS, [_row(found.row)], form)
        say("")
    names = ("n", "median", "mean", "p95", "ci_low", "ci_high", "stddev")
    metrics = (Column("metric", "Metric"), Column("unit", "Unit"), *(Column(name, name, "si") for name in names))
    show(
        metrics, [(m, METRICS[m].unit, *(getattr(s, key) for key in names)) for m, s in found.row.metrics.items()], form
    )
    if form is not Format.TABLE:
        return
    say("")
    show([Column(key, key) for key in ("layer", "outcome", "reason")], [each[:3] for each in found.evidence], form)
    say("")
    if found.doubts:
        show(
            (Column("doubt", "doubt"), Column("figure", "figure", "1"), Column("detail", "detail")), found.doubts, form
        )
        say("")
    facts = [*found.row.facts.items(), *found.row.environment["packages"].items()]
    show((Column("fact", "fact"), Column("value", "value")), [(key, str(value)) for key, value in facts], form)


def _row(row: ResultRow) -> tuple[Cell, ...]:
    latency = row.metrics.get("latency")
    return (
        row.attempt,
        row.model,
        row.platform,
        row.precision,
        row.batch_size,
        latency.median if latency else None,
        latency.p95 if latency else None,
        row.median("throughput"),
        row.median("memory_growth"),
        latency.n if latency else None,
        "fake" if row.platform == "fake" else row.verdict,
        ", ".join(row.doubts),
        row.machine,
        f"{row.finished_at:%Y-%m-%d %H:%M:%S}",
    )
