"""The typed schema of a sweep: what a sweep file may say."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from farm.contract.job import Measure, Scenario
from farm.contract.value import Scalar, Value

#: Axes that `exclude` and the `where` of an override may name.
WHERE: Final = ("model", "platform", "precision", "batch_size", "sequence_length", "new_tokens", "scenario")


def _listed(found: Any) -> Any:
    """A single value is a list of one."""
    return found if isinstance(found, list) else [found]


Words = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Counts = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_listed), Field(min_length=1)]
Choices = Annotated[tuple[Scalar, ...], BeforeValidator(_listed), Field(min_length=1)]


class ModelChoice(Value):
    """A model by hub id or folder, where a plain word is not enough."""

    id: str | None = None
    path: str | None = None
    family: str | None = None
    revision: str | None = None
    name: str | None = None


class Require(Value):
    """What every machine must have beside what the platform needs."""

    tags: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    machine: str | None = None
    memory_gib: float | None = Field(None, gt=0)
    cores: float | None = Field(None, gt=0)
    threads: float | None = Field(None, gt=0)
    gpus: float | None = Field(None, gt=0)
    gpu_memory_gib: float | None = Field(None, gt=0)


class Override(Value):
    """Other settings for the cells that `where` matches."""

    where: dict[str, Scalar]
    measure: dict[str, float] = {}
    timeout: float | None = Field(None, gt=0)


class SweepPlan(Value):
    """A sweep as submitted, checked, before it is expanded."""

    name: str = Field(min_length=1, max_length=200)
    models: Annotated[tuple[str | ModelChoice, ...], BeforeValidator(_listed), Field(min_length=1)]
    platforms: Words
    precision: Words = ("fp32",)
    batch_size: Counts = (1,)
    sequence_length: Counts = (128,)
    new_tokens: Counts = (32,)
    scenario: Annotated[tuple[Scenario, ...], BeforeValidator(_listed), Field(min_length=1)] = ("latency",)
    options: dict[str, dict[str, Choices]] = {}
    exclude: Annotated[tuple[dict[str, Scalar], ...], BeforeValidator(_listed)] = ()
    overrides: Annotated[tuple[Override, ...], BeforeValidator(_listed)] = ()
    require: Require = Require()
    measure: Measure = Measure()
    timeout: float = Field(900.0, gt=0)
    priority: int = Field(5, ge=0, le=9, description="larger is more urgent")
    max_attempts: int | None = Field(None, ge=1)
    seed: int = 0
    labels: dict[str, Scalar] = {}
