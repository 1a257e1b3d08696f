"""Runs calls until their times are steady, or a budget ends, which is a doubt.

Steady: the medians of two neighbouring windows of calls differ by less than a tolerance. It is the window method of
Georges, Buytaert and Eeckhout, "Statistically rigorous Java performance evaluation" (OOPSLA 2007), with medians
in place of the coefficient of variation, so that one interrupted call does not start it over.
"""

from collections.abc import Callable
from statistics import median
from typing import Final

from farm.contract.doubts import Doubt, DoubtKind
from workers.measure.clock import clock

WINDOW: Final = 3  # calls
TOLERANCE: Final = 0.05  # relative; above the noise of medians of three on a shared machine
SECOND: Final = 1e9  # nanoseconds


def warm_up(call: Callable[[], object], *, seconds: float) -> tuple[Doubt, ...]:
    """Call until steady; give the doubt if `seconds` end first. Always makes at least one call."""
    times: list[int] = []
    deadline = clock() + int(seconds * SECOND)
    while True:
        began = clock()
        call()
        ended = clock()
        times.append(ended - began)
        drift = _drift(times)
        if drift is not None and drift < TOLERANCE:
            return ()
        if ended >= deadline:
            break
    figure = 1.0 if drift is None else drift
    detail = f"after {len(times)} warm-up calls in {seconds:g} s the times still moved by {figure:.0%}"
    return (Doubt(kind=DoubtKind.NOT_STEADY, figure=figure, detail=detail),)


def _drift(times: list[int]) -> float | None:
    if len(times) < 2 * WINDOW:
        return None
    before, after = median(times[-2 * WINDOW : -WINDOW]), median(times[-WINDOW:])
    return abs(after - before) / before
