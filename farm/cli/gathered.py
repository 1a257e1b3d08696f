"""Results as tables: with the metrics asked for, in groups, or with one column for each value of a word."""

from collections.abc import Sequence
from typing import Final

from farm.cli.listing import table_of
from farm.contract.metrics import METRICS, Metric
from farm.queries.figures import Figure
from farm.queries.grouping import grouped_by, pivoted
from farm.queries.results import ResultRow
from farm.reports.document import Column, Table

MOST: Final = 20_000  # results that are put together; the newest
DEFAULT: Final = "latency"
NUMBERS: Final = ("batch_size", "sequence_length", "new_tokens")


def result_table(rows: Sequence[ResultRow], metrics: Sequence[str]) -> Table:
    """Give one line for each result with the medians of these metrics."""
    columns = (
        Column("result", "Result"),
        Column("model", "Model"),
        Column("settings", "Setting"),
        Column("variant", "How"),
        *(Column(metric, METRICS[metric].title, METRICS[metric].unit) for metric in metrics),
        Column("verdict", "Verdict"),
        Column("doubts", "Doubts"),
        Column("machine", "Machine"),
        Column("finished_at", "Finished (UTC)"),
    )
    lines = [
        (
            row.attempt,
            row.model,
            row.settings(),
            row.variant(),
            *(row.median(metric) for metric in metrics),
            row.told().lower(),
            ", ".join(row.doubts),
            row.machine,
            f"{row.finished_at:%Y-%m-%d %H:%M:%S}",
        )
        for row in rows
    ]
    return table_of(columns, lines)


def group_table(figures: Sequence[Figure], words: Sequence[str], metric: Metric) -> Table:
    """Give one line for each group, with the metric of its sound results."""
    columns = (
        *map(_column, words),
        Column("results", "Results", "1"),
        Column("sound", "Counted", "1"),
        *(
            Column(f"{which}_{metric.name}", f"{metric.title}, {which}", metric.unit)
            for which in ("best", "median", "worst")
        ),
    )
    groups = grouped_by(figures, words, better=metric.better)
    return table_of(columns, [(*each.words, *each[1:]) for each in groups])


def pivot_table(figures: Sequence[Figure], word: str, metric: Metric) -> Table:
    """Give one line for each piece of work, with a column for each value of a word."""
    found = pivoted(figures, word)
    columns = (
        *map(_column, found.words),
        *(Column(str(value), f"{value} ({metric.title})", metric.unit) for value in found.values),
    )
    return table_of(columns, [(*words, *figures) for words, figures in found.lines])


def _column(word: str) -> Column:
    return Column(word, word.replace("_", " ").capitalize(), "1" if word in NUMBERS else "")
