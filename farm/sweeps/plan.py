"""What a sweep asks for, checked: the frozen value between the file and its cells."""

from typing import Final

from pydantic import Field, JsonValue

from farm.contract.job import Measure, ModelReference
from farm.contract.scenario import Highest, Scenario, Server, Throughput
from farm.contract.value import Scalar, Value

#: The word that stands for each platform's own FAST_PRECISION.
FAST: Final = "fast"
#: Axes that a family may have or not; those it has not are left out of its cells.
FAMILY_AXES: Final = ("batch_size", "sequence_length", "new_tokens")
#: What a `where` may name, beside the options of platforms.
WHERE_AXES: Final = ("model", "family", "platform", "precision", "scenario", *FAMILY_AXES)

Where = dict[str, tuple[Scalar, ...]]  # a cell matches when each named axis has one of the values


class Require(Value):
    """What the machine must have beside the platform's own tags."""

    tags: tuple[str, ...] = ()
    minimum: dict[str, float] = {}
    machine: str | None = None


class Override(Value):
    """Other values for the cells that match `where`. None, or an empty mapping, changes nothing.

    `where` looks at the cell as the axes give it; of several overrides the later one wins.
    """

    where: Where
    batch_size: int | None = None
    sequence_length: int | None = None
    new_tokens: int | None = None
    options: dict[str, dict[str, Scalar]] = {}
    require: Require | None = None
    measure: dict[str, float | int] = {}
    timeout: float | None = None
    seed: int | None = None


class Arrivals(Value):
    """At which rates queries arrive in the scenario server; each is a cell of its own."""

    rate: tuple[float | Highest, ...] = Field(min_length=1)
    latency_bound: float | None = None  # seconds
    percentile: float = 99.0

    def each(self) -> tuple[Server, ...]:
        """Give the settings of each cell."""
        return tuple(
            Server(rate=rate, latency_bound=self.latency_bound, percentile=self.percentile) for rate in self.rate
        )


class SweepPlan(Value):
    """One sweep. The axes are models, platforms, precision, scenario, batch, lengths and each platform's options.

    A server's rate of arrivals is an axis of that scenario.
    """

    name: str
    models: tuple[ModelReference, ...] = Field(min_length=1)
    platforms: tuple[str, ...] = Field(min_length=1)
    precision: tuple[str, ...] = ("fp32",)
    scenario: tuple[Scenario, ...] = ("latency",)
    throughput: Throughput | None = None
    server: Arrivals | None = None
    batch_size: tuple[int, ...] = (1,)
    sequence_length: tuple[int, ...] = (128,)  # tokens in
    new_tokens: tuple[int, ...] = (32,)  # tokens out
    options: dict[str, dict[str, tuple[Scalar, ...]]] = {}  # platform -> option -> values
    exclude: tuple[Where, ...] = ()
    overrides: tuple[Override, ...] = ()
    require: Require = Require()
    measure: Measure = Measure()
    timeout: float = Field(900.0, gt=0)  # seconds, one attempt
    priority: int = Field(5, ge=0, le=9)  # a larger one is more urgent
    labels: dict[str, str] = {}
    seed: int = Field(0, ge=0)
    rerun_doubtful: bool = False  # measure a job with doubts once more
    max_attempts: int | None = Field(None, ge=1)  # None: the setting of that name
    max_running: int | None = Field(None, ge=1)  # jobs queued or running at once, on all machines; None: no limit

    def as_json(self) -> dict[str, JsonValue]:
        """Give the plan as plain JSON, to be kept with the sweep."""
        plain: dict[str, JsonValue] = self.model_dump(mode="json")
        return plain
