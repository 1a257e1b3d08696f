"""Ask for results.

Examples:
  farm results --model minilm --verdict real --since 7d
  farm results --where "batch_size>=8" --where "latency<10ms" --sort latency
  farm results --name nightly --label commit=abc123 --pivot platform --metric throughput
  farm results --group model --group precision
  farm results --sweep last --format csv > results.csv
  farm results show k3m9x2p7qa
  farm results show k3m9x2p7qa --as-sweep > again.yaml
  farm results export january.parquet --since 2026-01-01 --until 2026-01-31
  farm results import january.parquet
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from farm.cli import asking, exchange
from farm.cli.console import counted, say, tell
from farm.cli.gathered import DEFAULT, MOST, group_table, pivot_table, result_table
from farm.cli.listing import show_parts, show_table, table_of
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, Limit, settings_with
from farm.contract.errors import UserMistake
from farm.contract.job import JobSpec
from farm.contract.metrics import METRICS, unit_of
from farm.database.engine import read
from farm.queries.fields import known_metrics
from farm.queries.figures import Figure, find_figures
from farm.queries.grouping import known_words
from farm.queries.keys import Conditions
from farm.queries.question import Question, asked, why_nothing
from farm.queries.results import ResultDetail, ResultRow, count_results, find_result, find_results
from farm.queries.sorting import order_of
from farm.queries.sweeps import get_sweep
from farm.queries.verifications import of_result
from farm.reports import proof, samples
from farm.reports.document import Cell, Column, Table
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
LISTED = ("latency", "throughput", "memory_growth")  # the metrics of these columns
COUNTED = 10_000  # results; whoever has more narrows the question


@app.callback()
def results(
    ctx: typer.Context,
    sweep: asking.Sweep = None,
    name: asking.Name = None,
    model: asking.Model = None,
    family: asking.Family = None,
    platform: asking.Platform = None,
    precision: asking.Precision = None,
    scenario: asking.Scenario = None,
    machine: asking.Machine = None,
    verdict: asking.Verdict = None,
    label: asking.Label = None,
    since: asking.Since = None,
    until: asking.Until = None,
    where: asking.Where = None,
    metric: asking.Metrics = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Order by latency, -throughput, -finished_at or any other field."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Put together what shares a word; may be given again.")
    ] = None,
    pivot: Annotated[
        str | None, typer.Option(metavar="WORD", help="A column for each platform, precision or other word.")
    ] = None,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="With --group or --pivot: take doubted results in.")
    ] = False,
    db: Db = None,
    form: AsFormat = Format.TABLE,
    limit: Limit = 100,
    page: Annotated[int, typer.Option(min=1, help="Which so many rows, from 1.")] = 1,
) -> None:
    """List results, the newest first; every filter given must hold.

    With --group or --pivot, the figures are the medians of one metric (--metric, else latency) of real and undoubted
    results.
    """
    if ctx.invoked_subcommand is not None:
        return
    filters = asking.given(sweep=sweep, name=name, model=model, family=family, platform=platform, precision=precision)
    filters |= asking.given(scenario=scenario, machine=machine, verdict=verdict)
    shown = known_metrics(metric or [])
    if group and pivot:
        raise UserMistake("give --group or --pivot, not both")
    with read(opened(settings_with(db))) as session:
        if sweep:
            filters["sweep"] = get_sweep(session, sweep).public_id
        question = Question(filters, since, until, tuple(label or ()), tuple(where or ()))
        which = asked(session, question)
        if group or pivot:
            answer = _gathered(session, which, words=group or [], pivot=pivot, metrics=shown, doubtful=doubtful)
        else:
            answer = _listed(session, which, sort=sort, metrics=shown, limit=limit, page=page)
        for hint in [] if answer.rows else why_nothing(session, question):
            tell(hint)
    show_table(answer, form)


def _listed(
    session: Session, which: Conditions, *, sort: str | None, metrics: Sequence[str], limit: int, page: int
) -> Table:
    order = order_of(sort) if sort else None
    page_of = partial(find_results, session, {}, also=which, order=order, metrics=metrics or LISTED)
    before = limit * (page - 1)
    rows = page_of(proof=False, limit=limit, skip=before)
    ended = len(rows) < limit and (rows or page == 1)  # then what is before it has been counted by finding it
    count = before + len(rows) if ended else count_results(session, {}, also=which, most=COUNTED)
    _tell_of_more(count, limit=limit, page=page)
    return result_table(rows, metrics) if metrics else table_of(COLUMNS, [_row(row) for row in rows])


def _gathered(
    session: Session, which: Conditions, *, words: list[str], pivot: str | None, metrics: Sequence[str], doubtful: bool
) -> Table:
    known_words([*words, *filter(None, [pivot])])
    metric = METRICS[(*metrics, DEFAULT)[0]]
    figures = find_figures(session, which, metric=metric.name, limit=MOST, doubtful=doubtful)
    _tell_of_figures(figures, pivot)
    return pivot_table(figures, pivot, metric) if pivot else group_table(figures, words, metric)


def _tell_of_figures(figures: Sequence[Figure], pivot: str | None) -> None:
    """Say what is not looked at, and why a table is empty."""
    if len(figures) == MOST:
        tell(f"put together are the newest {MOST:,} results; a narrower question looks further back")
    if pivot and figures and not any(figure.sound for figure in figures):
        doubted = any(figure.doubted for figure in figures)
        hint = "; --doubtful takes doubted ones in" if doubted else ""
        tell(f"none of {counted(len(figures), 'result')} is real and undoubted{hint}")


def _tell_of_more(count: int, *, limit: int, page: int) -> None:
    """Say on which page the rest is."""
    pages = -(-count // limit)
    if count == COUNTED:
        tell(f"page {page} of {pages} or more: {COUNTED:,} results or more")
    elif pages > 1 or page > 1:
        tell(f"page {page} of {pages}: {counted(count, 'result')}")


app.command("export")(exchange.export)
app.command("import")(exchange.import_)


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
    return [(name, unit_of(name), *(getattr(each, key) for key in STATISTICS)) for name, each in row.metrics.items()]


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
