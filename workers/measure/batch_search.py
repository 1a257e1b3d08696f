"""The batch size that gives the most items per second within a limit of memory. Pure: sizes are tried by the caller.

The size is doubled from the least on, until the most was tried, memory ends, or the rate falls; then sizes between the
best and its neighbours are tried while that pays. Of sizes that are as good as the best the smallest wins.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from farm.contract.machine import GIB

#: Relative gain in items per second that is worth a larger batch; less is the noise of short trials.
PAYS: Final = 0.02
FALLS: Final = 0.05  # relative loss from which a larger batch is worse, and doubling ends
NEAR: Final = 8  # sizes nearer to the best one than an eighth of it are not tried: they hardly differ

WHOLE_RANGE = "every doubling up to the largest size was tried"
FALLING = "throughput fell"
MEMORY_LIMIT = "the memory limit was reached"
OUT_OF_MEMORY = "memory ran out"
REFUSED = "the runtime takes no such batch"
NO_TIME = "the time for the search ended"


class Try(NamedTuple):
    """One batch size: items per second and peak bytes, or why it cannot be had."""

    batch_size: int
    rate: float | None
    memory: float | None
    refused: str = ""  # OUT_OF_MEMORY, MEMORY_LIMIT or REFUSED
    detail: str = ""


class BatchSearch(NamedTuple):
    """The best size, None where the least one cannot be had; all that was tried, in order; why doubling ended."""

    best: Try | None
    tried: tuple[Try, ...]
    ended: str


class Search:
    """One search. `attempt` tries a size; `limit` is in bytes; `out_of_time` is asked after each try."""

    def __init__(
        self, attempt: Callable[[int], Try], *, limit: float | None, out_of_time: Callable[[], bool] = lambda: False
    ) -> None:
        """Begin with nothing tried."""
        self._attempt = attempt
        self._limit = limit
        self._out_of_time = out_of_time
        self._tried: list[Try] = []

    def run(self, least: int, most: int) -> BatchSearch:
        """Search among the sizes from the least to the most."""
        ended = self._double(least, most)
        if self._had() and ended != NO_TIME:
            self._refine(falling=ended == FALLING)
        return BatchSearch(self._best() if self._had() else None, tuple(self._tried), ended)

    def _double(self, least: int, most: int) -> str:
        for size in doublings(least, most):
            one = self._look(size)
            if one.refused:
                return one.refused
            if (one.rate or 0.0) < (1 - FALLS) * self._highest():
                return FALLING
            if self._out_of_time():
                return NO_TIME
        return WHOLE_RANGE

    def _refine(self, *, falling: bool) -> None:
        """Try sizes between the best and those beside it: the larger ones always, the smaller ones round a peak."""
        pays = True
        while pays and not self._out_of_time():
            pays = False
            for size in self._between(falling=falling):
                before = self._highest()
                one = self._look(size)
                pays = pays or bool(one.refused) or (one.rate or 0.0) > (1 + PAYS) * before
                if self._out_of_time():
                    return

    def _between(self, *, falling: bool) -> Iterator[int]:
        """Give the sizes half-way to both neighbours of the best one that are worth a try."""
        best = max(self._had(), key=lambda one: one.rate or 0.0).batch_size
        above = [one.batch_size for one in self._tried if one.batch_size > best]
        below = [one.batch_size for one in self._had() if one.batch_size < best]
        for neighbour in (*([min(above)] if above else []), *([max(below)] if below and falling else [])):
            half = (best + neighbour) // 2
            if abs(half - best) >= max(1, best // NEAR) and all(one.batch_size != half for one in self._tried):
                yield half

    def _look(self, size: int) -> Try:
        """Try a size, unless what was seen so far says that it needs more than the limit."""
        expected = self._expected(size)
        if self._limit is not None and expected is not None and expected > self._limit:
            one = Try(size, None, None, MEMORY_LIMIT, f"about {expected / GIB:.3g} GiB are expected, so it was not run")
        else:
            one = self._attempt(size)
            if self._limit is not None and one.memory is not None and one.memory > self._limit:
                one = one._replace(refused=MEMORY_LIMIT, detail=f"{one.memory / GIB:.3g} GiB are needed")
        self._tried.append(one)
        return one

    def _expected(self, size: int) -> float | None:
        """Extend the line through the two largest sizes whose memory is known; None below a third one."""
        known = sorted((one.batch_size, one.memory) for one in self._tried if one.memory is not None)
        if len(known) < 2 or size <= known[-1][0]:
            return None
        (small, less), (large, more) = known[-2:]
        return more + max(0.0, more - less) / (large - small) * (size - large)

    def _had(self) -> list[Try]:
        return [one for one in self._tried if not one.refused]

    def _highest(self) -> float:
        return max((one.rate or 0.0 for one in self._had()), default=0.0)

    def _best(self) -> Try:
        good = [one for one in self._had() if (one.rate or 0.0) >= self._highest() / (1 + PAYS)]
        return min(good, key=lambda one: one.batch_size)


def doublings(least: int, most: int) -> Iterator[int]:
    """Give the least size, its doubles, and the most."""
    size = least
    while size < most:
        yield size
        size *= 2
    yield most
