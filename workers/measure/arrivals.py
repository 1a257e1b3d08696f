"""When queries arrive that know nothing of each other: a Poisson process, drawn before the first one is served."""

from collections.abc import Iterator
from typing import Final

import numpy as np

DRAWN: Final = 1024  # gaps drawn at once: a draw takes longer than a query may be late


def arrivals(rate: float, *, seed: int) -> Iterator[float]:
    """Give the seconds at which queries arrive, for ever: the first at 0, then with exponential gaps of mean 1 / rate.

    The same seed gives the same arrivals, and at another rate the same ones on a stretched clock.
    """
    dice = np.random.default_rng(seed)
    at = 0.0
    while True:
        for gap in dice.exponential(1.0, DRAWN).tolist():
            yield at
            at += gap / rate
