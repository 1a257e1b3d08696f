"""What a reader must see at once: how far the sweep is, which is fastest, how much faster, and what is doubted."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from farm.contract.evidence import Verdict
from farm.queries.acceleration import BASE_PLATFORM, BASE_PRECISION, Acceleration
from farm.queries.ranking import Ranked, rank
from farm.queries.results import ResultRow
from farm.queries.sweeps import SweepRow
from farm.reports.document import Cell, Column, Section, Table
from farm.reports.performance.speed_ups import mean_of

TITLE: Final = "At a glance"
COLUMNS: Final = (
    Column("model", "Model"),
    Column("settings", "Settings"),
    Column("fastest", "Fastest"),
    Column("latency_p50", "Latency p50", "s"),
    Column("interval", "± (95 %)", "%"),
    Column("n", "n", "1"),
    Column("lead", "Ahead by", "x"),
    Column("next", "Of the next"),
    Column("doubts", "Doubts", badges=True),
)
NOTE: Final = (
    "The shortest median latency of each model and setting among REAL results of one machine. Tied means that the "
    "95 % intervals of the first two meet, so that which of them is faster is not known. n: timed calls."
)


def section(sweep: SweepRow, rows: Sequence[ResultRow], compared: Acceleration) -> Section:
    """Sum the report up."""
    ranked = rank(rows)
    paragraphs = (_progress(sweep), *_verdicts(rows), *_means(compared), *_doubts(rows))
    if not ranked:
        return Section(TITLE, (*paragraphs, _unranked(rows)))
    return Section(TITLE, paragraphs, (Table(COLUMNS, tuple(map(_cells, ranked)), NOTE),))


def _unranked(rows: Sequence[ResultRow]) -> str:
    if any(row.verdict == Verdict.REAL for row in rows):
        return "No REAL result is of single calls, so nothing is ranked; throughputs and servers have their own tables."
    return "There is no REAL result, so nothing is ranked."


def _progress(sweep: SweepRow) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(sweep.states.items()))
    labels = "".join(f", {key}: {value}" for key, value in sweep.labels.items())
    return f"Sweep {sweep.public_id} of {sweep.created_at:%Y-%m-%d %H:%M} UTC{labels}. {sweep.total()} jobs: {states}."


def _verdicts(rows: Sequence[ResultRow]) -> list[str]:
    if not rows:
        return []
    counts = Counter(row.told() for row in rows)
    machines = dict.fromkeys(f"{row.machine} ({row.machine_words()})" for row in rows)
    return [f"Results: {_counted(counts)}. Measured on {'; '.join(machines)}."]


def _means(compared: Acceleration) -> list[str]:
    """Say each platform's mean speed-up, which leaves doubted pairs out."""
    told = []
    for platform in dict.fromkeys(pair.row.platform for pair in compared.best):
        best = [pair for pair in compared.best if pair.row.platform == platform]
        equal = [pair for pair in compared.equal if pair.row.platform == platform]
        at_base = [pair for pair in equal if pair.base.precision == BASE_PRECISION]
        words = [
            f"{mean[0]:.2f}× {what} (geometric mean of {mean[1]})"
            for pairs, what in ((at_base, f"at {BASE_PRECISION}"), (best, "at its fastest precision"))
            if (mean := mean_of(pairs)) is not None
        ]
        said = ", ".join(words) if words else "every comparison is doubted, so no mean is given"
        told.append(f"Speed of {platform} against {BASE_PLATFORM} {BASE_PRECISION}: {said}.")
    return told


def _doubts(rows: Sequence[ResultRow]) -> list[str]:
    if not rows:
        return []
    doubted = sum(bool(row.doubts) for row in rows)
    if not doubted:
        return ["No result is doubted."]
    kinds = Counter(kind for row in rows for kind in row.doubts)
    return [f"{doubted} of {len(rows)} results are doubted: {_counted(kinds)}."]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))


def _cells(found: Ranked) -> tuple[Cell, ...]:
    first, second = found.first, found.second
    half = first.half_interval()
    doubts = list(dict.fromkeys([*(["tied"] if found.tied else []), *first.doubts]))
    return (
        first.model,
        first.settings(),
        first.variant(),
        first.median("latency"),
        None if half is None else half * 100,
        first.metrics["latency"].n,
        found.lead(),
        "" if second is None else second.variant(),
        ", ".join(doubts),
    )
