"""One table of single calls per family: every result with its figures, what was proven and what is doubted."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from farm.contract.evidence import FAKE
from farm.contract.metrics import METRICS
from farm.queries.bounds import bounded
from farm.queries.results import ResultRow
from farm.reports.chart import Axis, Chart, Line, rows_chart
from farm.reports.document import Cell, Column, Section, Table
from farm.reports.units import shown
from farm.sweeps.catalogue import Catalogue

SPOKEN: Final = ("tokens/s", "items/s")  # units that a title tells, because the figures stand without

LEAST_DRAWN: Final = 2  # results, from which a picture tells more than the table
WIDE: Final = 8.0  # times the least latency, from which the scale is by ratios


class Setting(NamedTuple):
    """A column of settings, shown where it tells something: where any row's cell differs from `usual`."""

    column: Column
    cell: Callable[[ResultRow], Cell]
    usual: Cell


LENGTHS: Final = (
    Setting(Column("sequence_length", "Tokens in", "1"), lambda row: row.sequence_length, usual=None),
    Setting(Column("new_tokens", "Tokens out", "1"), lambda row: row.new_tokens, usual=None),
    Setting(Column("options", "Options"), lambda row: ", ".join(row.option_words()), usual=""),
)
AXES: Final = (Setting(Column("batch_size", "Batch", "1"), lambda row: row.batch_size, usual=0), *LENGTHS)
CELL: Final = (Column("model", "Model"), Column("platform", "Platform"), Column("precision", "Precision"))
FIGURES: Final = (
    Column("latency_p50", "Latency p50", "s"),
    Column("interval", "± (95 %)", "%"),
    Column("latency_p95", "p95", "s"),
    Column("n", "n", "1"),
    Column("throughput", "Items/s", "items/s"),
    Column("memory_growth", "Memory", "bytes"),
    Column("verdict", "Verdict", badges=True),
    Column("doubts", "Doubts", badges=True),
)


def section(family: str, rows: Sequence[ResultRow], catalogue: Catalogue, *, platforms: tuple[str, ...]) -> Section:
    """Write the single calls of one family; columns of its own stand last, `platforms` give the colours."""
    entry = catalogue.families.get(family)
    own = [METRICS[name] for name in (entry.columns if entry else ()) if any(name in row.metrics for row in rows)]
    axes = [axis for axis in AXES if any(axis.cell(row) != axis.usual for row in rows)]
    columns = (
        *CELL,
        *(axis.column for axis in axes),
        *FIGURES,
        *(Column(metric.name, f"{metric.title}{_spoken(metric.unit)}", metric.unit) for metric in own),
    )
    cells = tuple(
        (
            *(row.model, row.platform, row.precision),
            *(axis.cell(row) for axis in axes),
            *_figures(row),
            *(row.median(metric.name) for metric in own),
        )
        for row in rows
    )
    real = any(row.platform != FAKE for row in rows)
    note = " ".join(
        [
            "Latency is of one whole call; ± is half the 95 % interval of its median, n the number of timed calls.",
            *(["Times of parts are medians."] if own else []),
            *([f"One item is one {entry.item}."] if entry and real else []),
            *(["Fake results measure nothing."] if any(row.platform == FAKE for row in rows) else []),
        ]
    )
    return Section(title(family), (), (Table(columns, cells, note),), _chart(family, rows, platforms))


def title(family: str) -> str:
    """Write the name of a family as a heading."""
    return family.replace("_", " ").capitalize()


def _chart(family: str, rows: Sequence[ResultRow], platforms: tuple[str, ...]) -> tuple[Chart, ...]:
    """Draw the median latencies with their intervals, the work of a model together."""
    timed = [(row, found) for row in rows if (found := bounded(row, "latency")) is not None and found.figure > 0]
    if len(timed) < LEAST_DRAWN:
        return ()
    several = len({row.settings() for row in rows}) > 1
    lines = tuple(
        Line(
            f"{row.model} · {row.variant()}" + (f" · {row.settings()}" if several else ""),
            *(found.figure, found.low, found.high),
            row.platform,
            shown(found.figure, "s")
            + ("" if row.told() == "REAL" else f" {row.told()}")
            + (" doubted" * bool(row.doubts)),
        )
        for row, found in timed
    )
    figures = [line.figure for line in lines]
    axis = Axis("Latency p50", "s", log=max(figures) > WIDE * min(figures))
    tells = f"Median latencies of {len(lines)} results with their 95 % intervals; left is faster."
    return (
        rows_chart(
            f"{title(family)}: latency of one call, left is faster", lines, x=axis, tells=tells, order=platforms
        ),
    )


def _spoken(unit: str) -> str:
    return f" ({unit})" if unit in SPOKEN else ""


def _figures(row: ResultRow) -> tuple[Cell, ...]:
    latency = row.metrics.get("latency")
    half = row.half_interval()
    return (
        latency.median if latency else None,
        None if half is None else half * 100,
        latency.p95 if latency else None,
        latency.n if latency else None,
        row.median("throughput"),
        row.median("memory_growth"),
        row.told(),
        ", ".join(row.doubts),
    )
