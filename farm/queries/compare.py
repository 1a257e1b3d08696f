"""Is the second side faster or slower than the first: matched cell by cell, each answered with how sure that is.

In: two sides. Out: a line for every cell and metric that both have, what could not be compared and why, and what was
left out. Many comparisons find something by chance, so the answers allow for their number (Benjamini and Hochberg,
1995).
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from scipy.stats import false_discovery_control
from sqlalchemy.orm import Session

from farm.contract.errors import UserMistake
from farm.contract.metrics import METRICS
from farm.queries.filters import unmatched as unmatched_filters
from farm.queries.filters import unmatched_labels
from farm.queries.matching import Groups, Unmatched, grouped, named, unmatched_of
from farm.queries.observations import DOUBTED, Observation, observe
from farm.queries.ratios import Attempts, Ratio, Spread, level_of, ratio_of, spread_of, units_needed
from farm.queries.sides import Side

#: Fields that may differ between the sides, when both of them name one.
MAY_DIFFER: Final = ("platform", "precision", "machine")
FALSE_DISCOVERIES: Final = 0.05  # the share of "faster" and "slower" that may be chance
DEFAULT_METRICS: Final = ("latency",)
DEFAULT_THRESHOLD: Final = 0.05
SPEED_UNITS: Final = ("s", "items/s", "tokens/s")
RATES_WITHOUT_UNIT: Final = ("realtime_factor",)
NAMED: Final = 5  # cells that a message names


class Answer(StrEnum):
    """What a comparison says of the second side."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    UNKNOWN = "can't tell"


class Line(NamedTuple):
    """One cell and metric of both sides; figures in the metric's unit, `ratio` is the second's over the first's."""

    cell: str
    machine: str
    metric: str
    first: float
    second: float
    ratio: Ratio
    q: float  # the least share of false discoveries at which this line would be told apart
    answer: Answer
    missing: int  # about so many more repeats on each side would tell; 0 where it is told


class Comparison(NamedTuple):
    """All that two sides tell."""

    lines: tuple[Line, ...]
    unmatched: tuple[Unmatched, ...]
    left_out: dict[str, Counter[str]]  # by side: why, and how many
    across: tuple[str, ...]  # fields in which the sides were told to differ
    spread: dict[str, Spread]  # by metric: what served where a side had a single process
    counts: Counter[Answer]


class _Pair(NamedTuple):
    cell: str
    machine: str
    metric: str
    first: Attempts
    second: Attempts


def comparable(metric: str) -> bool:
    """Say whether a metric is a time or a rate with a better direction."""
    known = METRICS.get(metric)
    speed = known is not None and (known.unit in SPEED_UNITS or metric in RATES_WITHOUT_UNIT)
    return known is not None and speed and known.better != "neither"


def compare(
    session: Session,
    first: Side,
    second: Side,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    threshold: float = DEFAULT_THRESHOLD,
    doubtful: bool = False,
) -> Comparison:
    """Compare two sides; below `threshold`, a share, a difference counts as none.

    Raises: UserMistake where they have nothing in common or share results.
    """
    seen = [observe(session, side.conditions, metrics=metrics, doubtful=doubtful) for side in (first, second)]
    left_out = {side.text: each.left_out for side, each in zip((first, second), seen, strict=True)}
    shared = {each.attempt for each in seen[0].results} & {each.attempt for each in seen[1].results}
    if shared:
        raise UserMistake(
            f"{first.text!r} and {second.text!r} have {len(shared)} results in common, and no result can be compared "
            "with itself; narrow the sides, as in name=nightly,2026-01-01..2026-01-31"
        )
    across = tuple(
        name
        for name in MAY_DIFFER
        if name in first.fields and name in second.fields and first.fields[name] != second.fields[name]
    )
    groups = [grouped(each.results, across) for each in seen]
    unmatched = (
        *unmatched_of(first.text, groups[0], groups[1], across=across),
        *unmatched_of(second.text, groups[1], groups[0], across=across),
    )
    pairs = [pair for key in groups[0] if key in groups[1] for pair in _pairs(groups[0][key], groups[1][key], metrics)]
    if not pairs:
        raise UserMistake(_nothing(session, (first, second), groups, unmatched, left_out))
    spread = {
        metric: spread_of([side for pair in pairs if pair.metric == metric for side in (pair.first, pair.second)])
        for metric in metrics
        if any(pair.metric == metric for pair in pairs)
    }
    lines = _lines(pairs, spread, threshold)
    return Comparison(lines, unmatched, left_out, across, spread, Counter(line.answer for line in lines))


def answer_of(ratio: Ratio, q: float, *, metric: str, threshold: float) -> Answer:
    """Say what a ratio means: apart, the same within the threshold, or not to be told yet."""
    apart = max(ratio.ratio, 1 / ratio.ratio) >= 1 + threshold
    if q <= FALSE_DISCOVERIES and apart:
        worse = (ratio.ratio > 1) == (METRICS[metric].better == "lower")
        return Answer.SLOWER if worse else Answer.FASTER
    within = ratio.low >= 1 / (1 + threshold) and ratio.high <= 1 + threshold
    return Answer.SAME if within else Answer.UNKNOWN


def _lines(pairs: Sequence[_Pair], spread: dict[str, Spread], threshold: float) -> tuple[Line, ...]:
    ratios = [ratio_of(pair.first, pair.second, spread=spread[pair.metric]) for pair in pairs]
    qs = false_discovery_control([ratio.p for ratio in ratios], method="bh")
    found = []
    for pair, ratio, q in zip(pairs, ratios, qs, strict=True):
        answer = answer_of(ratio, float(q), metric=pair.metric, threshold=threshold)
        missing = 0
        if answer is Answer.UNKNOWN:
            own = spread_of([pair.first, pair.second])
            known = spread[pair.metric] if own.assumed else own
            missing = max(1, units_needed(known.value, effect=threshold) - min(ratio.units))
        first, second = level_of(pair.first), level_of(pair.second)
        found.append(Line(pair.cell, pair.machine, pair.metric, first, second, ratio, float(q), answer, missing))
    return tuple(found)


def _pairs(first: Sequence[Observation], second: Sequence[Observation], metrics: Sequence[str]) -> list[_Pair]:
    cell, machine = named(first[0], second[0])
    found = []
    for metric in metrics:
        sides = [[each.samples[metric] for each in side if _usable(each, metric)] for side in (first, second)]
        if all(sides):
            found.append(_Pair(cell, machine, metric, *sides))
    return found


def _usable(each: Observation, metric: str) -> bool:
    """Leave out what has no samples, or some that have no logarithm."""
    processes = each.samples.get(metric, ())
    return bool(processes) and all(samples and min(samples) > 0 for samples in processes)


def _nothing(
    session: Session,
    sides: tuple[Side, Side],
    groups: Sequence[Groups],
    unmatched: Sequence[Unmatched],
    left_out: dict[str, Counter[str]],
) -> str:
    """Say why nothing can be compared."""
    empty = {side.text: side for side, group in zip(sides, groups, strict=True) if not group}
    if empty:
        return "\n".join(_empty(session, side, left_out[text]) for text, side in empty.items())
    first, second = (side.text for side in sides)
    if not unmatched:
        return f"no cell of {first!r} and {second!r} has samples of the metrics on both sides"
    told = "\n".join(f"  {each.cell}: {each.differs}" for each in unmatched[:NAMED])
    hint = "Name a field on both sides to compare across it, as in platform=cpu platform=openvino"
    return f"{first!r} and {second!r} have nothing in common. The nearest differ in\n{told}\n{hint}"


def _empty(session: Session, side: Side, left_out: Counter[str]) -> str:
    """Say why one side has nothing to compare."""
    hints = [*unmatched_filters(session, side.fields), *unmatched_labels(session, side.labels.items())]
    if left_out:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        hints.append(f"left out: {why}" + ("; --doubtful takes doubted ones in" if left_out[DOUBTED] else ""))
    return "; ".join([f"{side.text!r} has no results to compare", *hints])
