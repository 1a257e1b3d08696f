"""Waits for a moment: asleep until shortly before it, then looking at the clock, so that hardly any CPU is used."""

import time
from collections.abc import Callable
from typing import Final

from workers.measure.clock import Clock, clock

#: Nanoseconds before the moment at which sleeping ends. Linux wakes a sleeper up to 50 us late by its default timer
#: slack (prctl(2), PR_SET_TIMERSLACK), and then it must still be given a processor.
SPIN: Final = 200_000
SECOND: Final = 1e9  # nanoseconds

Wait = Callable[[int], int]


def wait_until(moment: int, *, now: Clock = clock, sleep: Callable[[float], None] = time.sleep) -> int:
    """Return at `moment`, in nanoseconds of the clock, or just after it; give the nanoseconds that were spun."""
    asleep = moment - SPIN - now()
    if asleep > 0:
        sleep(asleep / SECOND)
    woken = now()
    while now() < moment:
        pass
    return max(0, moment - woken)
