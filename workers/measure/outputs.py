"""Which outputs of timed calls are kept: of the last call, of one at random, and of those with other inputs.

All but the last are read at once, between two timed calls: what is to be filled in later, or computed when it is looked
at, was not computed within the time that counts. Other inputs are placed right before their call, for what was known
of them earlier could be computed ahead; how long both took is told.
"""

import random
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from workers.engine import Array, Raw
from workers.measure.clock import clock
from workers.workload import Workload

SECOND: Final = 1e9  # nanoseconds

#: What makes workloads of the same work with other inputs, by the place of the one call that each is for.
Others = Mapping[int, Callable[[], Workload]]
#: What one call gave: named arrays in main memory that nobody else holds.
Answers = dict[str, Array]


class Beside(NamedTuple):
    """Seconds that a call with other inputs took beside its own time."""

    placing: float  # of its inputs, before it
    reading: float  # of its outputs, after it


class Outputs:
    """Says what each call of a timed loop is made with, and keeps some of what the calls gave."""

    def __init__(self, workload: Workload, others: Others | None) -> None:
        """Begin with no call."""
        self._workload = workload
        self._others = others or {}
        self._dice = random.SystemRandom()  # what is kept cannot be foreseen by what is measured
        self._seen = 0
        self._last: Raw = None
        self._at_random: Answers = {}
        self._other, self._placing = workload, 0.0  # of the last call with other inputs
        self.asked: dict[int, Answers] = {}  # outputs of the calls with other inputs, by their place among the calls
        self.beside: list[Beside] = []  # what each of these took beside its time

    def workload(self, place: int) -> Workload:
        """Give what the call at this place is made with."""
        make = self._others.get(place)
        if make is None:
            return self._workload
        began = clock()
        self._other = make()
        self._placing = (clock() - began) / SECOND
        return self._other

    def take(self, place: int, raw: Raw) -> None:
        """Look at the outputs of the call at this place."""
        if place in self._others:
            began = clock()
            self.asked[place] = read(self._other, raw)
            self.beside.append(Beside(self._placing, (clock() - began) / SECOND))
            return
        self._last = raw
        self._seen += 1
        if self._dice.random() * self._seen < 1:  # reservoir sampling: each call is kept with the same chance
            self._at_random = read(self._workload, raw)

    def kept(self) -> tuple[Answers, Answers]:
        """Give the outputs of the last call with the job's own inputs, and of one of them at random."""
        return (read(self._workload, self._last) if self._seen else {}), self._at_random


def read(workload: Workload, raw: Raw) -> Answers:
    """Copy what a call gave into plain arrays: an engine may use its own ones again."""
    return {name: np.array(array) for name, array in workload.outputs(raw).items()}
