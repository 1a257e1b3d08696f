"""The timed loop of a server: queries arrive by a schedule that waits for nobody, and are served one after the other.

A query's latency counts from its scheduled arrival. What begins late because an earlier call took long is charged with
the delay, so a stall shows on all that queued behind it (no coordinated omission; G. Tene, How NOT to measure latency,
2013). In: a workload, arrivals, and when to end. Out: every call with the arrival that it answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, NamedTuple, Protocol

import numpy as np

from workers.measure.clock import Clock, clock
from workers.measure.outputs import Answers, Beside, Others, Outputs
from workers.measure.sampling import no_collection
from workers.measure.waiting import Wait, wait_until
from workers.workload import Call, Workload

SECOND: Final = 1e9  # nanoseconds
#: Seconds of idleness in which there is time to look at what was measured so far; a look takes a few milliseconds.
PAUSE: Final = 0.02
#: The last query to be served arrives before the limit; the loop ends at the latest after so many times the limit.
AT_LATEST: Final = 2.0


class Until(Protocol):
    """Says when a run has told enough."""

    def over(self, latency: float, service: float) -> bool:
        """Called after each query with its seconds, and takes no time: True ends the run."""

    def known(self, latencies: Sequence[float]) -> bool:
        """Called in a pause before the next arrival: True ends the run."""


class Served(NamedTuple):
    """The calls, when each was due, and how the loop spent its time between them. Times in nanoseconds."""

    calls: list[Call]
    due: list[int]  # scheduled arrival of each call
    kept: tuple[Answers, Answers]  # outputs of the last call, and of one at random
    asked: Mapping[int, Answers]  # outputs of the calls with other inputs, by their place among the calls
    beside: Sequence[Beside]  # seconds that each of these took beside its own time
    began: int
    idle: int  # between the calls, with nothing to do
    spun: int  # of that, not asleep: looking at the clock, or at what was measured so far
    left: int  # queries that had arrived and were not served when the loop ended
    arriving: float  # seconds from the beginning in which all these queries arrived

    def latencies(self) -> list[float]:
        """Give the seconds from each arrival to its answer."""
        return [(call.end - due) / SECOND for call, due in zip(self.calls, self.due, strict=True)]

    def queueing(self) -> list[float]:
        """Give the seconds from each arrival to the start of its call."""
        return [(call.start - due) / SECOND for call, due in zip(self.calls, self.due, strict=True)]

    def elapsed(self) -> float:
        """Give the seconds of the whole loop."""
        return (self.calls[-1].end - self.began) / SECOND

    def achieved(self) -> float:
        """Give the queries served per second."""
        return len(self.calls) / self.elapsed()

    def offered(self) -> float | None:
        """Give the queries that arrived per second; None for one alone."""
        gaps = len(self.calls) + self.left - 1
        return gaps / self.arriving if gaps and self.arriving > 0 else None

    def load(self, rate: float) -> float:
        """Give the seconds of calls that become due per second at a rate: from 1 on, any queue grows for ever."""
        return rate * float(np.mean([(call.end - call.start) / SECOND for call in self.calls]))

    def late_starts(self) -> list[float]:
        """Give how late calls began for which nothing was in the way: the loop's own error, in seconds."""
        ends = [self.began, *(call.end for call in self.calls)]
        rows = zip(self.calls, self.due, ends, strict=False)
        return [(call.start - due) / SECOND for call, due, end in rows if end <= due]


def serve(
    workload: Workload,
    due: Iterator[float],
    until: Until,
    *,
    limit: float,
    others: Others | None = None,
    now: Clock = clock,
    wait: Wait = wait_until,
) -> Served:
    """Serve queries in the order of their arrival until enough is told, or no more arrive within `limit` seconds.

    `others` make workloads of the same work with other inputs, by the place of the one call that each is for.
    """
    outputs = Outputs(workload, others)
    calls: list[Call] = []
    moments: list[int] = []
    latencies: list[float] = []
    idle = spun = 0
    with no_collection():
        began = now()
        for seconds in takewhile(lambda arrival: arrival <= limit, due):
            moment = began + int(seconds * SECOND)
            at = now()
            if at < moment:
                enough = moment - at > PAUSE * SECOND and bool(latencies) and until.known(latencies)
                spun += now() - at
                if enough:
                    idle += now() - at
                    break
                spun += wait(moment)
            timed = outputs.workload(len(calls))
            start = now()
            raw, marks = timed.call()
            end = now()
            idle += start - at if at < moment else 0
            outputs.take(len(calls), raw)
            calls.append(Call(start, end, marks))
            moments.append(moment)
            latencies.append((end - moment) / SECOND)
            if until.over(latencies[-1], (end - start) / SECOND) or end - began >= AT_LATEST * limit * SECOND:
                break
    passed = min(limit, (calls[-1].end - began) / SECOND)
    left = [*takewhile(lambda arrival: arrival <= passed, due)]
    arriving = left[-1] if left else (moments[-1] - began) / SECOND
    told = outputs.kept(), outputs.asked, outputs.beside
    return Served(calls, moments, *told, began, idle, spun, len(left), arriving)
