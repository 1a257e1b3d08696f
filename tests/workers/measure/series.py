"""Rows of call times with known answers, and a workload that takes them without sleeping."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Times = NDArray[np.float64]
Dice = np.random.Generator
MEDIAN = 0.01  # seconds, of every good series


class Clockwork:
    """A workload whose calls take the given times on a clock of its own, and that clock."""

    def __init__(self, times: Sequence[float]) -> None:
        self._times = times
        self._now = 0
        self.calls = 0

    def now(self) -> int:
        return self._now

    def call(self) -> tuple[int, Sequence[int]]:
        self._now += round(float(self._times[self.calls % len(self._times)]) * 1e9)
        self.calls += 1
        return self.calls, ()

    def outputs(self, raw: int) -> dict[str, Any]:
        return {"raw": raw}

    def readings(self, calls: object) -> dict[str, list[float]]:
        return {}


def normal(dice: Dice, n: int) -> Times:
    return dice.normal(MEDIAN, 0.05 * MEDIAN, n)


def lognormal(dice: Dice, n: int) -> Times:
    return np.asarray(MEDIAN * dice.lognormal(0, 0.3, n))


def long_tail(dice: Dice, n: int) -> Times:
    """The usual shape of call times: a floor, and delays above it."""
    scale = 0.1 * MEDIAN
    return np.asarray(MEDIAN + dice.exponential(scale, n) - scale * np.log(2))


def outliers(dice: Dice, n: int) -> Times:
    """One call in twenty is interrupted for a while; the median moves by a twentieth of the spread."""
    return np.asarray(np.where(dice.random(n) < 0.05, 5 * MEDIAN, dice.normal(MEDIAN, 0.03 * MEDIAN, n)))


def dependent(dice: Dice, n: int, *, by: float) -> Times:
    """Each call resembles the one before it (an autoregressive process), and the median is known."""
    steps = np.asarray(lfilter([np.sqrt(1 - by**2)], [1, -by], dice.normal(size=n + 100))[100:])
    return np.asarray(MEDIAN * np.exp(0.05 * steps))


def two_speeds(dice: Dice, n: int) -> Times:
    return np.asarray(np.where(dice.random(n) < 0.4, 1.4, 1.0) * normal(dice, n))


def drifting(dice: Dice, n: int) -> Times:
    return np.asarray(normal(dice, n) * np.linspace(1, 1.3, n))


def stepping(dice: Dice, n: int) -> Times:
    """It becomes a fifth slower half-way, as when a processor is throttled."""
    return np.asarray(normal(dice, n) * np.where(np.arange(n) < n // 2, 1.0, 1.2))


Make = Callable[[Dice, int], Times]
GOOD: dict[str, Make] = {"normal": normal, "lognormal": lognormal, "long tail": long_tail, "outliers": outliers}
