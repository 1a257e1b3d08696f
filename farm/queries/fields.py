"""What results can be asked for and sorted by: words for settings of the work, for names, and for every metric."""

import difflib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import SQLColumnExpression, String, cast, func, select

from farm.contract.errors import UnknownName
from farm.contract.metrics import METRICS
from farm.database import tables
from farm.queries.filters import FILTERS

STATISTICS: Final = ("n", "mean", "median", "minimum", "maximum", "stddev", "p90", "p95", "p99", "ci_low", "ci_high")
NUMBERS: Final[dict[str, SQLColumnExpression[Any]]] = {
    "batch_size": tables.Job.batch_size,
    "sequence_length": tables.Job.sequence_length,
    "new_tokens": tables.Job.new_tokens,
    "doubts": select(func.count())
    .select_from(tables.Doubt)
    .where(tables.Doubt.attempt_id == tables.Attempt.id)
    .correlate(tables.Attempt)
    .scalar_subquery(),
}
#: Words that are completed by a name of the person's own, as in option.attention and label.commit.
OPEN: Final[dict[str, Callable[[str], SQLColumnExpression[Any]]]] = {
    "option": lambda name: cast(tables.Job.spec["options"][name].as_string(), String),
    "label": lambda name: cast(tables.Sweep.labels[name].as_string(), String),
}


class Field(NamedTuple):
    """One word: its SQL, and the unit of its figures; `text` where it has none."""

    sql: SQLColumnExpression[Any]
    unit: str
    measured: tuple[str, str] | None = None  # the metric and statistic that it is


def field_of(word: str) -> Field:
    """Find what a word means: `batch_size`, `model`, `latency`, `latency.p95`, `option.attention`, `label.commit`.

    Raises: UnknownName, with the nearest.
    """
    head, _, rest = word.partition(".")
    if word in NUMBERS:
        return Field(NUMBERS[word], "1")
    if word in FILTERS:
        return Field(FILTERS[word].column, "text")
    if head in OPEN and rest:
        return Field(OPEN[head](rest), "text")
    if head in METRICS and (not rest or rest in STATISTICS):
        unit = "1" if rest == "n" else METRICS[head].unit
        return Field(_statistic(head, rest or "median"), unit, (head, rest or "median"))
    known = [*NUMBERS, *FILTERS, *METRICS]
    if head in METRICS:
        known = [f"{head}.{each}" for each in STATISTICS]
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "a metric's name or one of the following is known."
    raise UnknownName(
        f"no field {word!r}; {hint} Fields: {', '.join([*NUMBERS, *FILTERS])}, option.NAME, label.NAME, any metric "
        f"as latency or latency.p95 (statistics: {', '.join(STATISTICS)})"
    )


def known_metrics(words: Sequence[str]) -> tuple[str, ...]:
    """Give metrics, each once.

    Raises: UnknownName, with the nearest.
    """
    for word in words:
        if word not in METRICS:
            near = difflib.get_close_matches(word, METRICS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(METRICS)}"
            raise UnknownName(f"no metric is called {word!r}; {hint}")
    return tuple(dict.fromkeys(words))


def _statistic(metric: str, statistic: str) -> SQLColumnExpression[Any]:
    return (
        select(getattr(tables.Measurement, statistic))
        .where(tables.Measurement.attempt_id == tables.Attempt.id, tables.Measurement.metric == metric)
        .correlate(tables.Attempt)
        .scalar_subquery()
    )
