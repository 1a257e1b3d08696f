"""The highest rate of arrivals at which a percentile of the latency stays within its bound, by bisection. Pure.

A rate holds when so few of its queries are late that the percentile is within the bound: of N queries, N chosen so that
ten are expected beyond the percentile. As in MLPerf's early stopping, a step ends before that once it is sure: too
many are late already, or so few of so many that the true share of late ones is below the allowed with 95 % confidence
(binomial). Queries of one busy stretch are late together, so that confidence is somewhat lower than it says.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import binom

#: Queries expected beyond the percentile in a step that runs to its end.
BEYOND: Final = 10
MOST: Final = 100_000  # queries of a step, whatever the percentile is
ROUNDING: Final = 1e-9  # 1 - 0.9 is a little less than 0.1
DOUBT: Final = 0.05  # chance that a step holds early by luck
TOLERANCE: Final = 0.05  # the search ends when the rates that hold and that do not are this near, relative
LOWEST: Final = 1 / 64  # of the capacity: below it an idle server is not quick enough either
FIRST: Final = 0.5  # of the capacity: the first rate tried

FOUND = f"the rates that hold and that do not are within {TOLERANCE:.0%}"
ALONE = "even a call that waits for nothing takes longer than the bound"
NONE_HOLDS = "even at rates at which hardly any query waits, too many are late"
NO_TIME = "the time for the search ended"


class Step(NamedTuple):
    """One rate that was tried. `rate` and `served` in queries per second."""

    rate: float
    holds: bool
    queries: int
    late: int
    served: float
    percentile: float | None  # seconds of latency at it; None where the queries do not support it, or in an overload
    ended: str  # why the step ended


class RateSearch(NamedTuple):
    """The highest rate that held, the lowest above it that did not, all steps in order, and why the search ended."""

    highest: float | None
    above: float
    steps: tuple[Step, ...]
    ended: str

    def unsure(self) -> float:
        """Give how far the true rate may lie from the middle between the two, relative; 0 where the search was done."""
        low = self.highest or 0.0
        return (self.above - low) / (self.above + low) if self.ended == NO_TIME else 0.0


class Trial:
    """Ends a step when it is known whether its rate holds."""

    def __init__(self, *, bound: float, percentile: float, rate: float) -> None:
        """Take the bound in seconds, the percentile that must be within it, and the rate, to know an overload."""
        self._bound = bound
        self._rate = rate
        self._share = 1 - percentile / 100
        self.planned = planned(percentile)
        self._allowed = int(self._share * self.planned + ROUNDING)
        self._sure = _sure(self._share, self.planned, self._allowed)
        self.queries = self.late = 0
        self._busy = 0.0
        self.ended = "no more queries arrived in its time"

    def over(self, latency: float, service: float) -> bool:
        """Count a query; True once nothing can change the answer, or as many were served as were planned."""
        self.queries += 1
        self.late += latency > self._bound
        self._busy += service
        if self.late > self._allowed:
            self.ended = f"more than {self._allowed} of {self.planned} queries are late"
        elif self.queries >= self._sure[self.late]:
            self.ended = f"{self.late} of {self.queries} late is few enough to be sure"
        elif self.queries >= self.planned:
            self.ended = f"all {self.planned} queries were served"
        else:
            return False
        return True

    def known(self, latencies: Sequence[float]) -> bool:
        """Pauses change nothing."""
        del latencies
        return False

    def holds(self) -> bool:
        """Say whether the percentile was within its bound, of a server that can keep up."""
        can_keep_up = self._rate * self._busy / self.queries < 1
        return can_keep_up and self.late <= self._share * self.queries + ROUNDING

    def supported(self) -> bool:
        """Say whether at least one query is expected beyond the percentile."""
        return self.queries * self._share >= 1


def planned(percentile: float) -> int:
    """Count the queries of a step that runs to its end."""
    return min(MOST, ceil(round(100 * BEYOND / (100 - percentile), 6)))


def highest_rate(attempt: Callable[[float], Step], capacity: float, *, out_of_time: Callable[[], bool]) -> RateSearch:
    """Bisect between no rate at all and the capacity: calls per second back to back, more than which no server serves.

    `attempt` runs one step; `out_of_time` is asked after each.
    """
    low, high = 0.0, capacity
    steps: list[Step] = []
    rate = capacity * FIRST
    while high - low > TOLERANCE * high:
        step = attempt(rate)
        steps.append(step)
        low, high = (rate, high) if step.holds else (low, rate)
        if not low and high <= capacity * LOWEST:
            return RateSearch(None, high, tuple(steps), NONE_HOLDS)
        if out_of_time() and high - low > TOLERANCE * high:
            return RateSearch(low or None, high, tuple(steps), NO_TIME)
        rate = (low + high) / 2
    return RateSearch(low, high, tuple(steps), FOUND)


def _sure(share: float, most: int, allowed: int) -> list[float]:
    """Give, for each number of late queries, how many queries make it sure that few enough are late."""
    sizes = np.arange(1, most + 1)
    found: list[float] = []
    for late in range(allowed + 1):
        enough = np.flatnonzero(binom.cdf(late, sizes, share) <= DOUBT)
        found.append(float(sizes[enough[0]]) if len(enough) else float("inf"))
    return found
