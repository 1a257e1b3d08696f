"""What a scenario is: how calls follow each other, and what their times mean. Each file in workers/scenarios is one."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from pydantic import JsonValue

from farm.contract.doubts import Doubt
from farm.contract.job import JobSpec
from workers.measure.outputs import Answers, Beside, Others
from workers.workload import Call, Workload

#: The metric that every scenario with a search reads.
LOOP_TIME: Final = "loop_time"


class Told(NamedTuple):
    """What timed calls say: samples by metric, what speaks against them, and facts."""

    readings: Mapping[str, list[float]]
    doubts: Sequence[Doubt] = ()
    facts: Mapping[str, JsonValue] = {}


class Timed(NamedTuple):
    """The timed calls, and outputs of some of them. `told` is asked after the meters were read: it takes a while."""

    calls: Sequence[Call]
    kept: Sequence[Answers]  # of two calls with the job's own inputs
    asked: Mapping[int, Answers]  # of the calls with other inputs, by their place among the calls
    beside: Sequence[Beside]  # seconds that each of these took beside its own time
    told: Callable[[], Told]
    idle: float = 0.0  # seconds in which the loop waited for something to do
    spun: float = 0.0  # of these, seconds in which it used the processor all the same, for itself


class Trial(NamedTuple):
    """What a search tries settings with: a loaded and warm model."""

    spec: JobSpec
    workload: Workload  # at the spec's batch size
    with_batch: Callable[[int], Workload]  # the same model at another batch size, with inputs of its own
    memory: Callable[[], float]  # peak bytes since the last time this was asked, of the process or its own device
    memory_limit: float | None  # bytes; None where running out of them is told in time
    seed: int


class Found(NamedTuple):
    """What a search found: the job as it is to be measured, what it tried, and the seconds that it took.

    `doubts_of` looks at what was then measured: a search decides on less, and may have been lucky.
    """

    spec: JobSpec
    told: Told
    seconds: float
    doubts_of: Callable[[Told], Sequence[Doubt]] = lambda _: ()


class Scenario(Protocol):
    """A module of workers/scenarios."""

    def search(self, trial: Trial) -> Found | None:
        """Find what the job leaves open; None where it leaves nothing. Raises: OutOfMemory where nothing fits."""

    def measure(self, workload: Workload, spec: JobSpec, *, others: Others, seed: int) -> Timed:
        """Time calls as this scenario has them follow each other."""


def put_together(found: Found | None, told: Told) -> Told:
    """Join what a search found with what was then measured; the time of both is one."""
    if found is None:
        return told
    seconds = {LOOP_TIME: [found.seconds + sum(told.readings[LOOP_TIME])]}
    return Told(
        {**found.told.readings, **told.readings, **seconds},
        (*told.doubts, *found.doubts_of(told)),
        {**found.told.facts, **told.facts},
    )


def scenario_of(spec: JobSpec) -> Scenario:
    """Find the scenario of a job by its name."""
    found: Scenario = importlib.import_module(f"workers.scenarios.{spec.scenario}")
    return found
