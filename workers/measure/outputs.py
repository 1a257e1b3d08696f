"""Which outputs of timed calls are kept: of the last call, of one at random, and of those with other inputs."""

import random
from collections.abc import Mapping

from workers.engine import Raw
from workers.workload import Workload

#: Workloads of the same work with other inputs, by the place of the one call that each is for.
Others = Mapping[int, Workload]


class Outputs:
    """Says what each call of a timed loop is made with, and keeps some of what the calls gave."""

    def __init__(self, workload: Workload, others: Others | None) -> None:
        """Begin with no call."""
        self._workload = workload
        self._others = others or {}
        self._dice = random.SystemRandom()  # what is kept cannot be foreseen by what is measured
        self._seen = 0
        self._last: Raw = None
        self._at_random: Raw = None
        self.asked: dict[int, Raw] = {}  # outputs of the calls with other inputs, by their place among the calls

    def workload(self, place: int) -> Workload:
        """Give what the call at this place is made with."""
        return self._others.get(place, self._workload)

    def take(self, place: int, raw: Raw) -> None:
        """Look at the outputs of the call at this place."""
        if place in self._others:
            self.asked[place] = raw
            return
        self._last = raw
        self._seen += 1
        if self._dice.random() * self._seen < 1:  # reservoir sampling: each call is kept with the same chance
            self._at_random = raw

    def kept(self) -> tuple[Raw, Raw]:
        """Give the outputs of the last call with the job's own inputs, and of one of them at random."""
        return self._last, self._at_random
