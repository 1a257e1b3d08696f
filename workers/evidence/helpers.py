"""Whether processes that the implementation started were at work in the timed loop: what they do is not measured.

In: two looks at the descendants of this process. Out: a look for the layer of plausibility.
"""

import os
from typing import Final

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import MOST_HELPED
from workers.measure.clock import clock
from workers.processes import TICK, cpu_seconds, descent

SECOND: Final = 1e9  # nanoseconds


class Helpers:
    """The CPU time of this process's descendants over a stretch of time."""

    def __init__(self) -> None:
        """Begin the stretch."""
        self._spent, self._began = _spent(), clock()

    def share(self) -> float:
        """Give how many processors they kept at work, for sure: the kernel counts in ticks."""
        return max(0.0, _spent() - self._spent - TICK) / max((clock() - self._began) / SECOND, TICK)


def judge(share: float) -> Look:
    """Fail where more was done elsewhere than looking whether there is something to do."""
    figures: dict[str, JsonValue] = {"helped": round(share, 4), "most_helped": MOST_HELPED}
    if share > MOST_HELPED:
        return Look(figures, f"processes that it started kept {share:.2f} processors at work in the timed loop")
    return Look(figures)


def _spent() -> float:
    others = descent(os.getpid())[1:]
    ended = os.times()
    return ended.children_user + ended.children_system + sum(cpu_seconds(each) for each in others)
