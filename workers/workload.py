"""What a family hands to the measuring loop: one timed call, and what its marks mean."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays, Raw


class Call(NamedTuple):
    """One timed call: its start and end, and the marks a family took within it, all in nanoseconds of one clock."""

    start: int
    end: int
    marks: Sequence[int]


class Workload(Protocol):
    """A model and its inputs, ready to run."""

    def call(self) -> tuple[Raw, Sequence[int]]:
        """Run once, wholly: the timed part. Gives raw outputs, and marks (clock readings) for parts of the call."""

    def outputs(self, raw: Raw) -> dict[str, Array]:
        """Turn the raw outputs of a call into arrays for comparison. Never timed."""

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the family's own metrics, each a row of samples, from the timed calls."""


class Family(Protocol):
    """A kind of work. HEADS, AXES and ITEM stand as literals on top of the file for the control plane to read."""

    gives: tuple[str, ...]  # names of the model's outputs that a call reads; empty where tokens are generated

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make the model inputs of one call, the same for the same seed; and seconds of preprocessing, one per try."""

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> Workload:
        """Bind inputs to a loaded model."""

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """Compute what runtimes are compared by. A generating model follows the tokens of `reference`, where given."""
