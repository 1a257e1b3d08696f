"""One pass through a model for every family whose answer comes at once: inputs in, named arrays in main memory out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.measure.clock import clock
from workers.workload import Call

SECOND: Final = 1e9  # nanoseconds
TRIES: Final = 5  # of preprocessing, whose time is reported apart


class OnePass:
    """One batch of inputs on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, gives: Sequence[str]) -> None:
        """Place the inputs."""
        self._engine = engine
        self._placed = engine.place(inputs)
        self._gives = gives

    def call(self) -> tuple[dict[str, Array], Sequence[int]]:
        """Run one pass, the answers' way to main memory included."""
        raw = self._engine.forward(self._placed)
        return self._engine.arrays({name: raw[name] for name in self._gives}), ()

    def outputs(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """The answers are arrays already."""
        return dict(raw)

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """There is nothing beside what the meters read."""
        del calls
        return {}


class OnePassFamily:
    """What such families share; each says how its inputs are made and which outputs it reads."""

    gives: tuple[str, ...] = ()

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> OnePass:
        """Bind inputs to a loaded model."""
        del spec, folder
        return OnePass(engine, inputs, gives=self.gives)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """Run the batch once."""
        del reference
        return dict(self.workload(engine, inputs, spec, folder).call()[0])


def preprocessed(process: Callable[[], Mapping[str, Any]], spec: JobSpec) -> tuple[dict[str, Any], list[float]]:
    """Turn raw inputs into model inputs a few times, no more than calls are asked for; give the last, and seconds."""
    seconds: list[float] = []
    made: Mapping[str, Any] = {}
    for _ in range(min(TRIES, spec.measure.min_iterations)):
        began = clock()
        made = process()
        seconds.append((clock() - began) / SECOND)
    return dict(made), seconds


def per_item(calls: Sequence[Call], items: int) -> list[float]:
    """Give the seconds of each call divided by the items in it."""
    return [(call.end - call.start) / SECOND / items for call in calls]
