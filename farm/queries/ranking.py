"""Which real result is the fastest at each piece of work, and whether the next one is truly behind it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from farm.contract.evidence import Verdict
from farm.queries.acceleration import fastest_first
from farm.queries.results import ResultRow


class Ranked(NamedTuple):
    """The fastest real result of one piece of work, and the one after it."""

    first: ResultRow
    second: ResultRow | None
    tied: bool  # the 95 % intervals of the two medians meet: which one is faster is not known

    def lead(self) -> float | None:
        """Say how many times longer the second one took; None where it is the only one."""
        if self.second is None:
            return None
        return (self.second.median("latency") or 0) / (self.first.median("latency") or 1)


def rank(rows: Sequence[ResultRow]) -> list[Ranked]:
    """Give the fastest of every model and setting, in the order of `rows`; single calls only are ranked."""
    works: dict[tuple[str | int | None, ...], list[ResultRow]] = {}
    for row in rows:
        if row.verdict == Verdict.REAL and row.of_single_calls() and row.median("latency"):
            works.setdefault(row.work(), []).append(row)
    found = []
    for alike in works.values():
        first, *others = fastest_first(alike)
        second = others[0] if others else None
        found.append(Ranked(first, second, second is not None and _meet(first, second)))
    return found


def _meet(first: ResultRow, second: ResultRow) -> bool:
    """Say whether two intervals meet; a missing interval proves nothing apart."""
    high, low = first.metrics["latency"].ci_high, second.metrics["latency"].ci_low
    return high is None or low is None or low <= high
