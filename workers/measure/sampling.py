"""The timed loop: nothing in it but the call and two clock reads; it stops when the median is known well enough."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.job import Measure
from workers.measure import steadiness
from workers.measure.clock import Clock, clock
from workers.measure.interval import relative_half_width
from workers.measure.outputs import Answers, Beside, Others, Outputs
from workers.workload import Call, Workload

SECOND: Final = 1e9  # nanoseconds
LOOK_AFTER: Final = 1.25  # the interval is looked at each time there are a quarter more samples: it costs little so


class Sampled(NamedTuple):
    """The timed calls, and outputs of two of them (the last and one at random); and of those with other inputs."""

    calls: Sequence[Call]
    kept: Sequence[Answers]
    how: Measure
    asked: Mapping[int, Answers] = {}  # outputs of the calls with other inputs, by their place among the calls
    beside: Sequence[Beside] = ()  # seconds that each of these took beside its own time

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What speaks against the calls; looked for when asked, so that the meters can be read first."""
        return _doubts(self.calls, self.how)


def sample(workload: Workload, how: Measure, *, others: Others | None = None, now: Clock = clock) -> Sampled:
    """Time calls until the median's interval is narrow enough, within the floors and ceilings of `how`.

    `others` make workloads of the same work with other inputs, by the place of the one call that each is for.
    """
    outputs = Outputs(workload, others)
    calls: list[Call] = []
    look_at = how.min_iterations
    began = now()
    with no_collection():
        while True:
            timed = outputs.workload(len(calls))
            start = now()
            raw, marks = timed.call()
            end = now()
            outputs.take(len(calls), raw)
            calls.append(Call(start, end, marks))
            spent = (end - began) / SECOND
            if len(calls) >= how.max_iterations or spent >= how.max_seconds:
                break
            if len(calls) >= look_at and spent >= how.min_seconds:
                if relative_half_width(durations(calls)) <= how.rel_precision:
                    break
                look_at = int(len(calls) * LOOK_AFTER) + 1
    return Sampled(calls, outputs.kept(), how, outputs.asked, outputs.beside)


def durations(calls: Sequence[Call]) -> list[float]:
    """Give the seconds of each call."""
    return [(call.end - call.start) / SECOND for call in calls]


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector out of the timed loop."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _doubts(calls: Sequence[Call], how: Measure) -> tuple[Doubt, ...]:
    found = []
    if len(calls) < how.min_iterations:
        detail = f"{len(calls)} of at least {how.min_iterations} calls fitted into {how.max_seconds:g} s"
        found.append(Doubt(kind=DoubtKind.TOO_FEW_SAMPLES, figure=len(calls), detail=detail))
    width = relative_half_width(durations(calls))
    if width > how.rel_precision:
        shown = min(width, 1.0)
        detail = f"the median is known to ±{shown:.1%}, not to ±{how.rel_precision:.1%}"
        found.append(Doubt(kind=DoubtKind.IMPRECISE, figure=shown, detail=detail))
    return (*found, *steadiness.doubts(durations(calls)))
