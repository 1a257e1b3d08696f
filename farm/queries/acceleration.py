"""How much faster a platform is than another on the same machine, and what memory it needs for that. Pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from farm.contract.evidence import Verdict
from farm.queries.results import ResultRow

BASE_PLATFORM: Final = "cpu"
BASE_PRECISION: Final = "fp32"


class SpeedUp(NamedTuple):
    """One platform's latency against the base's: above 1 is faster. Memory below 1 is less."""

    model: str
    platform: str
    kind: str  # `fp32`, `bf16` ...: both at this precision; `best`: the fastest precision against the base's fp32
    precision: str
    speed_up: float
    memory_ratio: float | None
    doubted: bool


def speed_ups(rows: Sequence[ResultRow]) -> list[SpeedUp]:
    """Compare every platform with the base, cell by cell; only real results of the same machine are compared."""
    real = [row for row in rows if row.verdict == Verdict.REAL and row.median("latency")]
    base = {(*_cell(row), row.precision): row for row in real if row.platform == BASE_PLATFORM and not row.options}
    found = []
    for row in real:
        if row.platform == BASE_PLATFORM:
            continue
        equal = base.get((*_cell(row), row.precision))
        if equal is not None:
            found.append(_compare(row, equal, kind=row.precision))
    return found + _best(real, base)


def geometric_mean(ratios: Sequence[float]) -> float:
    """Average ratios: the mean of their logarithms."""
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def _best(real: Sequence[ResultRow], base: dict[tuple[object, ...], ResultRow]) -> list[SpeedUp]:
    fastest: dict[tuple[object, ...], ResultRow] = {}
    for row in real:
        key = (*_cell(row), row.platform)
        if key not in fastest or (row.median("latency") or 0) < (fastest[key].median("latency") or 0):
            fastest[key] = row
    pairs = ((row, base.get((*_cell(row), BASE_PRECISION))) for row in fastest.values())
    return [_compare(row, against, kind="best") for row, against in pairs if against is not None and against is not row]


def _cell(row: ResultRow) -> tuple[object, ...]:
    """What must be equal for two results to be compared, platform and precision aside."""
    return (row.model, row.scenario, row.batch_size, row.sequence_length, row.new_tokens, row.machine_fingerprint)


def _compare(row: ResultRow, base: ResultRow, *, kind: str) -> SpeedUp:
    memory, base_memory = row.median("memory_growth"), base.median("memory_growth")
    return SpeedUp(
        model=row.model,
        platform=row.platform,
        kind=kind,
        precision=row.precision,
        speed_up=(base.median("latency") or 0) / (row.median("latency") or 1),
        memory_ratio=memory / base_memory if memory and base_memory else None,
        doubted=bool(row.doubts or base.doubts),
    )
