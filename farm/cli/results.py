"""Ask for results.

Examples:
  farm results --model minilm --verdict real
  farm results --sweep last --format csv > results.csv
  farm results show k3m9x2p7qa
  farm results show k3m9x2p7qa --as-sweep > again.yaml
"""

from typing import Annotated, Any

import typer

from farm.cli.console import say, tell
from farm.cli.listing import show, show_parts, table_of
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.contract.job import JobSpec
from farm.contract.metrics import METRICS
from farm.database.engine import read
from farm.queries.filters import unmatched
from farm.queries.results import ResultDetail, ResultRow, find_result, find_results
from farm.queries.sweeps import get_sweep
from farm.queries.verifications import of_result
from farm.reports import proof, samples
from farm.reports.document import Cell, Column
from farm.sweeps import reproduce
from farm.sweeps.catalogue import read_catalogue

STATISTICS = ("n", "median", "mean", "p95", "ci_low", "ci_high", "stddev")
MEASURED = (
    Column("metric", "Metric"),
    Column("unit", "Unit"),
    *(Column(name, name.replace("ci_", "95 % "), "si") for name in STATISTICS),
)
DOUBTS = (Column("doubt", "Doubt"), Column("figure", "Figure", "1"), Column("detail", "Detail"))
FACTS = (Column("fact", "Fact"), Column("value", "Value"))

app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)

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
    Column("scenario", "Scenario"),
)


@app.callback()
def results(
    ctx: typer.Context,
    sweep: Annotated[str | None, typer.Option(metavar="ID", help="Id of the sweep; `last` is the newest.")] = None,
    model: Annotated[str | None, typer.Option(help="Model, as the sweep named it.")] = None,
    family: Annotated[str | None, typer.Option(help="Kind of work, such as text_embedding.")] = None,
    platform: Annotated[str | None, typer.Option(help="Runtime on a device, such as openvino.")] = None,
    precision: Annotated[str | None, typer.Option(help="Number format, such as bf16.")] = None,
    scenario: Annotated[str | None, typer.Option(help="latency, throughput or server.")] = None,
    machine: Annotated[str | None, typer.Option(help="Name of the box.")] = None,
    verdict: Annotated[str | None, typer.Option(help="real, suspect or mock.")] = None,
    db: Db = None,
    form: AsFormat = Format.TABLE,
    limit: Limit = 100,
) -> None:
    """List results, the newest first; every filter given must hold."""
    if ctx.invoked_subcommand is not None:
        return
    asked = {
        "sweep": sweep,
        "model": model,
        "family": family,
        "platform": platform,
        "precision": precision,
        "scenario": scenario,
        "machine": machine,
        "verdict": verdict,
    }
    filters = {word: value for word, value in asked.items() if value}
    with read(opened(settings_with(db))) as session:
        if sweep:
            filters["sweep"] = get_sweep(session, sweep).public_id
        rows = find_results(session, filters, limit=limit)
        for hint in [] if rows else unmatched(session, filters):
            tell(hint)
    show(COLUMNS, [_row(row) for row in rows], form)


@app.command("show")
def show_(
    result: Annotated[str, typer.Argument(metavar="RESULT")],
    as_sweep: Annotated[
        bool, typer.Option("--as-sweep", help="Print a sweep file that makes this one job again; nothing else.")
    ] = False,
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Show all of one result.

    RESULT is its id or that of its job. Shown are the verdict with every layer of evidence and what it was judged by,
    its verifications, metrics, samples, doubts, conditions, and what ran. CSV has the metrics alone.
    """
    with read(opened(settings_with(db))) as session:
        found = find_result(session, result)
        verified = of_result(session, found.row.attempt)
    if as_sweep:
        say(_as_sweep(found))
        return
    row = found.row
    parts = {
        "result": table_of(COLUMNS, [_row(row)]),
        "proof": proof.verdict(found),
        "evidence": proof.layers(row.evidence),
        "figures": proof.figures(row.evidence),
        "verifications": proof.verifications(verified),
        "metrics": table_of(MEASURED, _metrics(row)),
        "samples": samples.table(found.samples.get("latency", ())),
        "doubts": table_of(DOUBTS, found.doubts),
        "conditions": table_of(FACTS, _flat("", found.conditions)),
        "facts": table_of(FACTS, [line for key, value in _facts(found).items() for line in _flat(key, value)]),
    }
    show_parts(parts, form, csv="metrics")
    if form is Format.TABLE:
        tell(f"again: farm results show {row.attempt} --as-sweep > again.yaml; its evidence: farm verify {row.attempt}")


def _as_sweep(found: ResultDetail) -> str:
    spec, row = JobSpec.model_validate(found.spec), found.row
    labels = {"reproduces": row.attempt}
    text = reproduce.as_sweep(spec, read_catalogue(), name=f"again-{row.attempt}", labels=labels).rstrip("\n")
    commit = row.facts.get("revision")
    moved = commit and spec.model.revision is None
    return f"# Measured at commit {commit}: give it as `revision` to take that one.\n{text}" if moved else text


def _metrics(row: ResultRow) -> list[tuple[Cell, ...]]:
    return [
        (name, METRICS[name].unit, *(getattr(each, key) for key in STATISTICS)) for name, each in row.metrics.items()
    ]


def _facts(found: ResultDetail) -> dict[str, Any]:
    row = found.row
    return {
        "job": row.job,
        "sweep": row.sweep,
        "cell": JobSpec.model_validate(found.spec).cell(),
        **row.facts,
        "machine": f"{row.machine}: {row.machine_words()}",
        "python": row.environment["python"],
        **(row.environment["packages"] | row.environment["drivers"]),
    }


def _row(row: ResultRow) -> tuple[Cell, ...]:
    latency = row.metrics.get("latency")
    return (
        row.attempt,
        row.model,
        row.platform,
        row.precision,
        row.measured_batch(),
        latency.median if latency else None,
        latency.p95 if latency else None,
        row.median("throughput"),
        row.median("memory_growth"),
        latency.n if latency else None,
        row.told().lower(),
        ", ".join(row.doubts),
        row.machine,
        f"{row.finished_at:%Y-%m-%d %H:%M:%S}",
        row.scenario_words() or row.scenario,
    )


def _flat(name: str, value: Any) -> list[tuple[str, Cell]]:
    """Write nested facts as lines, each with its path, as in `repeats.0.load_before`."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        inner = [(str(place), each) for place, each in enumerate(value)]
    elif isinstance(value, list):
        return [(name, ", ".join(map(str, value)))]
    else:
        return [] if value is None else [(name, f"{value:.6g}" if isinstance(value, float) else str(value))]
    return [line for key, each in inner for line in _flat(f"{name}.{key}".lstrip("."), each)]
