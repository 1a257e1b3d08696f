"""What a job is: one cell of a sweep, wholly described, and the assignment that a child process receives."""

from typing import Final, Literal

from pydantic import Field, model_validator

from farm.contract.requirement import Requirement
from farm.contract.scenario import SERVER, Scenario, Server, Throughput, batch_words, words
from farm.contract.value import Scalar, Value, digest

ModelSource = Literal["zoo", "folder", "hub"]

SCHEMA_VERSION: Final = 1
#: How long, where and why: they do not change what a number means.
NO_MEANING: Final = frozenset({"measure", "timeout", "requirement", "schema_version"})
#: Settings of a scenario: left out of the fingerprint where they are not set, so that older fingerprints stay.
OF_SCENARIO: Final = ("throughput", "server")


class ModelReference(Value):
    """Which model: a name of the zoo, a folder, or a hub id; `name` is what tables and reports show."""

    name: str
    source: ModelSource
    location: str  # zoo name, absolute folder, or hub id
    family: str
    revision: str | None = None  # hub only; None means the default branch, whose commit is recorded


class Measure(Value):
    """How long and how precisely to measure. Times in seconds."""

    min_iterations: int = Field(20, ge=1, description="least number of timed calls")
    max_iterations: int = Field(10_000, ge=1, description="most timed calls")
    min_seconds: float = Field(1.0, ge=0, description="least time spent in timed calls")
    max_seconds: float = Field(30.0, gt=0, description="most time spent in timed calls")
    warmup_seconds: float = Field(10.0, ge=0, description="most time spent until calls are steady")
    rel_precision: float = Field(0.02, gt=0, lt=1, description="stop when the median is known this well")
    repeats: int = Field(1, ge=1, le=100, description="fresh processes per job")

    @model_validator(mode="after")
    def _floors_below_ceilings(self) -> "Measure":
        crossed = []
        if self.min_iterations > self.max_iterations:
            crossed.append(f"min_iterations {self.min_iterations} is above max_iterations {self.max_iterations}")
        if self.min_seconds > self.max_seconds:
            crossed.append(f"min_seconds {self.min_seconds:g} is above max_seconds {self.max_seconds:g}")
        if crossed:
            raise ValueError("; ".join(crossed))
        return self


class JobSpec(Value):
    """One cell: model x platform x settings. Everything a worker needs to know, and nothing of the sweep around it."""

    schema_version: int = SCHEMA_VERSION
    model: ModelReference
    platform: str
    precision: str
    scenario: Scenario = "latency"
    throughput: Throughput | None = None  # None: batches as given, back to back
    server: Server | None = None  # of the scenario server alone, which cannot do without
    batch_size: int = Field(1, ge=1)  # the least one, where the best is searched
    sequence_length: int | None = Field(None, ge=1)  # tokens in; None where the family has no such axis
    new_tokens: int | None = Field(None, ge=1)  # tokens out; None where the family has no such axis
    options: dict[str, Scalar] = {}
    seed: int = 0
    measure: Measure = Measure()
    timeout: float = Field(900.0, gt=0)  # seconds, the whole attempt
    requirement: Requirement

    @model_validator(mode="after")
    def _arrivals_for_the_server_alone(self) -> "JobSpec":
        if (self.scenario == SERVER) != (self.server is not None):
            raise ValueError("a rate of arrivals belongs to the scenario server, and to no other")
        return self

    def fingerprint(self) -> str:
        """Hash what was measured. How long, where and why are left out: they do not change what the number means."""
        unset = {name for name in OF_SCENARIO if getattr(self, name) is None}
        return digest(self.model_dump(mode="json", exclude={*NO_MEANING, *unset}))

    def searches_batch(self) -> bool:
        """Say whether the batch size is found while measuring."""
        return self.throughput is not None and self.throughput.search_batch_size is not None

    def cell(self) -> str:
        """Name the cell for people, as in `gpt2 x openvino bf16 batch 1 tokens 128+16`."""
        batch = batch_words(self.batch_size, self.throughput)
        told = [self.model.name, "x", self.platform, self.precision, batch]
        if self.sequence_length:
            told.append(f"tokens {self.sequence_length}" + (f"+{self.new_tokens}" if self.new_tokens else ""))
        elif self.new_tokens:
            told.append(f"new tokens {self.new_tokens}")
        if scenario := words(self.scenario, self.throughput, self.server):
            told.append(scenario)
        return " ".join([*told, *(f"{key}={value}" for key, value in sorted(self.options.items()))])


class Assignment(Value):
    """What the parent hands to an isolated child: the job and where on this box it may read and write."""

    spec: JobSpec
    cache_dir: str
    model_roots: tuple[str, ...] = ()
    remote_code: tuple[str, ...] = ()  # models whose own code the operator allows
    repeat: int = 0
    threads: int
    offline: bool = False
    may_make: bool = True  # False: everything should be cached; what is not is reported instead of made
