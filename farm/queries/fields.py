"""What results can be asked for and sorted by: words for settings of the work, for names, and for every metric."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import SQLColumnExpression, String, cast, func, select

from farm.contract.errors import UnknownName
from farm.contract.meant import meant, offered
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
#: Fields that are too many to name, as a message tells of them.
KINDS: Final = (*(f"{word}.NAME" for word in OPEN), f"a metric as latency or latency.p95 ({', '.join(STATISTICS)})")


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
    told = known if meant(word, known) else [*NUMBERS, *FILTERS, *KINDS]
    raise UnknownName(f"no field {word!r}; {offered(word, told)}")


def known_metrics(words: Sequence[str]) -> tuple[str, ...]:
    """Give metrics, each once.

    Raises: UnknownName, with the nearest.
    """
    for word in words:
        if word not in METRICS:
            raise UnknownName(f"no metric is called {word!r}; {offered(word, METRICS)}")
    return tuple(dict.fromkeys(words))


def _statistic(metric: str, statistic: str) -> SQLColumnExpression[Any]:
    return (
        select(getattr(tables.Measurement, statistic))
        .where(tables.Measurement.attempt_id == tables.Attempt.id, tables.Measurement.metric == metric)
        .correlate(tables.Attempt)
        .scalar_subquery()
    )
