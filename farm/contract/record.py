"""One result with all that belongs to it, as it travels from farm to farm: what ran, where, with what, and proof."""

from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, JsonValue

from farm.contract.doubts import Doubt
from farm.contract.evidence import Evidence
from farm.contract.job import JobSpec
from farm.contract.machine import Environment, Machine
from farm.contract.result import Measurement
from farm.contract.value import Value

RECORD_VERSION: Final = 1


class SweepRecord(Value):
    """The sweep that asked for it."""

    public_id: str
    name: str
    plan: dict[str, JsonValue]
    source: str
    labels: dict[str, JsonValue]
    priority: int
    created_at: AwareDatetime


class JobRecord(Value):
    """The cell of that sweep."""

    public_id: str
    position: int
    spec: JobSpec
    max_attempts: int
    created_at: AwareDatetime


class MachineRecord(Value):
    """The box it ran on, as that farm knows it."""

    public_id: str
    machine: Machine
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime


class WorkerRecord(Value):
    """The worker process that ran it."""

    public_id: str
    name: str
    pool: str
    pid: int
    started_at: AwareDatetime
    last_seen_at: AwareDatetime


class AttemptRecord(Value):
    """The attempt that brought it."""

    public_id: str
    number: int
    verdict: str
    started_at: AwareDatetime
    finished_at: AwareDatetime
    conditions: dict[str, JsonValue]
    facts: dict[str, JsonValue]


class AnnotationRecord(Value):
    """What somebody wrote about it."""

    kind: str
    author: str
    note: str
    created_at: AwareDatetime


class ResultRecord(Value):
    """Everything about one result."""

    record_version: int = RECORD_VERSION
    sweep: SweepRecord
    job: JobRecord
    machine: MachineRecord
    environment: Environment
    worker: WorkerRecord
    attempt: AttemptRecord
    measurements: tuple[Measurement, ...]
    doubts: tuple[Doubt, ...]
    evidence: tuple[Evidence, ...]
    annotations: tuple[AnnotationRecord, ...]
    log_tail: str

    def median(self, metric: str) -> float | None:
        """Give a metric's median, None where it was not measured."""
        return next((each.statistics.median for each in self.measurements if each.metric == metric), None)

    def finished_at(self) -> datetime:
        """Say when it was settled."""
        return self.attempt.finished_at
