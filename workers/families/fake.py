"""No work at all: what the fake platform does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays, Raw
from workers.workload import Call, Family

HEADS: Final = {"FakeModel": "Fake"}
AXES: Final = ("batch_size",)
ITEM: Final = "nothing"
COLUMNS: Final = ()
PLATFORMS: Final = ("fake",)


class FakeFamily:
    """Calls the fake engine."""

    gives: tuple[str, ...] = ()

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make rows of nothing."""
        del folder
        return {"input": np.zeros(spec.batch_size, dtype=np.float32)}, []

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "FakeWork":
        """Bind nothing to a fake."""
        del spec, folder
        return FakeWork(engine, inputs)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """There is nothing to compare."""
        del engine, inputs, spec, folder, reference
        return {}


class FakeWork:
    """One batch of nothing."""

    def __init__(self, engine: Any, inputs: Arrays) -> None:
        """Hold them."""
        self._engine = engine
        self._inputs = inputs

    def call(self) -> tuple[Raw, Sequence[int]]:
        """Take the scripted time."""
        return self._engine.forward(self._inputs), ()

    def outputs(self, raw: Raw) -> dict[str, Array]:
        """Give the zeros."""
        return dict(raw)

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """There are no own metrics."""
        del calls
        return {}


WORKLOADS: Final[Family] = FakeFamily()
