"""How much faster a platform is than another on the same machine, and what memory it needs for that. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from farm.contract.evidence import Verdict
from farm.queries.results import ResultRow

BASE_PLATFORM: Final = "cpu"
BASE_PRECISION: Final = "fp32"
DEVICE_MEMORY: Final = "device_memory_allocated"  # measured on a GPU, where the model then lies
HOST_MEMORY: Final = "memory_growth"

_Key = tuple[str | int | None, ...]


class SpeedUp(NamedTuple):
    """One result's latency against the base's: above 1 is faster. Memory below 1 is less."""

    row: ResultRow
    base: ResultRow
    speed_up: float
    memory_ratio: float | None
    memory_of: str  # `device` or `host`: where the compared result's memory is; empty where there is no ratio

    def doubted(self) -> bool:
        """Say whether either of the two is doubted."""
        return bool(self.row.doubts or self.base.doubts)

    def half_interval(self) -> float | None:
        """Give half the 95 % interval of the speed-up as a share: those of both latencies, which are independent."""
        halves = (self.row.half_interval(), self.base.half_interval())
        return None if halves[0] is None or halves[1] is None else math.hypot(halves[0], halves[1])

    def sides(self) -> tuple[str, str, str]:
        """Name what is compared with what: the platform, its precision, and the base's."""
        return self.row.platform, self.row.precision, self.base.precision


class Acceleration(NamedTuple):
    """All comparisons with the base platform's cells that have no options."""

    equal: tuple[SpeedUp, ...]  # both at the same precision
    best: tuple[SpeedUp, ...]  # the fastest precision and options of each platform against the base's fp32
    across: tuple[SpeedUp, ...]  # every other precision against the base's fp32, the base platform's own included
    alone: tuple[ResultRow, ...]  # real results of other platforms with no base to compare them with


def acceleration(rows: Sequence[ResultRow], *, among: Sequence[ResultRow] | None = None) -> Acceleration:
    """Compare every platform with the base, cell by cell; only real results of the same machine are compared.

    Compared are single calls; a throughput or a server has figures of its own. The base is looked for `among` these
    results, where `rows` are a part of them.
    """
    real = _timed(rows)
    base = {
        (*row.work(), row.precision): row
        for row in _timed(rows if among is None else among)
        if row.platform == BASE_PLATFORM and not row.options
    }
    others = [row for row in real if row.platform != BASE_PLATFORM]
    equal = [_compare(row, base[key]) for row in others if (key := (*row.work(), row.precision)) in base]
    compared_works = {key[:-1] for key in base}
    return Acceleration(
        equal=tuple(equal),
        best=tuple(_best(real, base)),
        across=tuple(
            _compare(row, base[key])
            for row in real
            if row.precision != BASE_PRECISION and (key := (*row.work(), BASE_PRECISION)) in base
        ),
        alone=tuple(row for row in others if row.work() not in compared_works),
    )


def undoubted(pairs: Sequence[SpeedUp]) -> list[SpeedUp]:
    """Keep the pairs that a mean may rest on."""
    return [pair for pair in pairs if not pair.doubted()]


def mean_half_interval(pairs: Sequence[SpeedUp]) -> float | None:
    """Give half the 95 % interval of the geometric mean as a share: how well these very models are measured.

    It says nothing of how other models would differ; None where an interval is missing.
    """
    halves = [pair.half_interval() for pair in pairs]
    known = [half for half in halves if half is not None]
    return math.hypot(*known) / len(known) if known and len(known) == len(halves) else None


def geometric_mean(ratios: Sequence[float]) -> float:
    """Average ratios: the mean of their logarithms."""
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def fastest_first(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Order results by their median latency."""
    return sorted(rows, key=lambda row: row.median("latency") or math.inf)


def _timed(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Keep the real results of single calls."""
    return [row for row in rows if row.verdict == Verdict.REAL and row.of_single_calls() and row.median("latency")]


def _best(real: Sequence[ResultRow], base: dict[_Key, ResultRow]) -> list[SpeedUp]:
    fastest: dict[_Key, ResultRow] = {}
    for row in fastest_first(real):
        fastest.setdefault((*row.work(), row.platform), row)
    chosen = [row for row in real if fastest[(*row.work(), row.platform)] is row]
    pairs = ((row, base.get((*row.work(), BASE_PRECISION))) for row in chosen)
    return [_compare(row, against) for row, against in pairs if against is not None and against is not row]


def _compare(row: ResultRow, base: ResultRow) -> SpeedUp:
    on_device = row.median(DEVICE_MEMORY)
    memory = on_device or row.median(HOST_MEMORY)
    base_memory = base.median(HOST_MEMORY)
    ratio = memory / base_memory if memory and base_memory else None
    return SpeedUp(
        row=row,
        base=base,
        speed_up=(base.median("latency") or 0) / (row.median("latency") or 1),
        memory_ratio=ratio,
        memory_of="" if ratio is None else "device" if on_device else "host",
    )
