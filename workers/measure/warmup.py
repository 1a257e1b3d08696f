"""Runs calls until their times are steady, or a budget ends, which is a doubt.

Steady: the medians of two neighbouring windows of calls differ by less than a tolerance. It is the window method of
Georges, Buytaert and Eeckhout, "Statistically rigorous Java performance evaluation" (OOPSLA 2007), with medians
in place of the coefficient of variation, so that one interrupted call does not start it over.
"""

from collections.abc import Callable
from statistics import median
from typing import Final

from farm.contract.doubts import Doubt, DoubtKind
from workers.measure.clock import Clock, clock

#: A window is full with this many calls that took this long together: three calls of 50 us say nothing of a clock or a
#: cache that takes milliseconds to settle.
CALLS: Final = 3
SECONDS: Final = 0.05
#: It is full all the same after this long: a call of seconds is itself the mean of many passes through the same code,
#: and is interrupted in every window alike, so that more of them cost minutes and tell nothing.
LONG: Final = 1.0
TOLERANCE: Final = 0.05  # relative; above the noise of medians of three on a shared machine
SECOND: Final = 1e9  # nanoseconds


def warm_up(call: Callable[[], object], *, seconds: float, now: Clock = clock) -> tuple[Doubt, ...]:
    """Call until steady; give the doubt if `seconds` end first. Always makes at least one call."""
    deadline = now() + int(seconds * SECOND)
    calls, before, drift = 0, 0.0, 1.0
    window: list[int] = []
    while True:
        began = now()
        call()
        ended = now()
        calls += 1
        window.append(ended - began)
        if _full(window):
            middle = median(window)
            if before:
                drift = abs(middle - before) / before
                if drift < TOLERANCE:
                    return ()
            before, window = middle, []
        if ended >= deadline:
            break
    detail = f"after {calls} warm-up calls in {seconds:g} s the times still moved by {drift:.0%}"
    return (Doubt(kind=DoubtKind.NOT_STEADY, figure=drift, detail=detail),)


def _full(window: list[int]) -> bool:
    passed = sum(window) / SECOND
    return passed >= LONG or (len(window) >= CALLS and passed >= SECONDS)
