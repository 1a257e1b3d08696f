"""The tables: sweeps, jobs, attempts and their events, machines and workers, and what was measured, proven, doubted."""

from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

# Stable constraint names, so that migrations can name what they change on every database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """A UTC timestamp: with time zone on PostgreSQL, as naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC; a time without a zone is refused, because it would be silently wrong."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; the farm stores UTC only")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), Json: JSON(), str: String(255)}


def plain(table: type[Table]) -> sqlalchemy.Table:
    """Give the table under a class: statements on it skip the ORM's bookkeeping, which costs more than the database."""
    return cast(sqlalchemy.Table, table.__table__)


class Sweep(Table):
    """One submission of a sweep file."""

    __tablename__ = "sweep"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)
    once_key: Mapped[str | None] = mapped_column(unique=True)
    plan: Mapped[Json]
    source: Mapped[str] = mapped_column(Text)  # the sweep file's own text
    labels: Mapped[Json]
    priority: Mapped[int]
    pool: Mapped[str]  # which schedulers and workers may run it: those that share one broker
    created_at: Mapped[datetime] = mapped_column(index=True)


class Job(Table):
    """One cell of a sweep. The axes are columns, for filters; `spec` is the whole of it."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.id"))
    position: Mapped[int]  # in the sweep, from 0
    spec: Mapped[Json]
    fingerprint: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    family: Mapped[str]
    platform: Mapped[str]
    precision: Mapped[str]
    scenario: Mapped[str]
    batch_size: Mapped[int]
    sequence_length: Mapped[int | None]
    new_tokens: Mapped[int | None]
    queue: Mapped[str]
    priority: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("sweep_id", "position"),
        Index("ix_job_state_queue_priority_id", "state", "queue", "priority", "id"),
        Index("ix_job_sweep_id_state_queue_id", "sweep_id", "state", "queue", "id"),
        Index("ix_job_model_platform_precision", "model", "platform", "precision"),
    )


class Queue(Table):
    """One requirement and the queue of the jobs that have it; workers subscribe to those they satisfy."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    requirement: Mapped[Json]


class Machine(Table):
    """One box, as it last registered. A changed fingerprint makes a new row: old results keep the old one."""

    __tablename__ = "machine"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    host_id: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    fingerprint: Mapped[str]
    facts: Mapped[Json]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("host_id", "fingerprint"),)


class Environment(Table):
    """One set of software versions."""

    __tablename__ = "environment"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    facts: Mapped[Json]


class Worker(Table):
    """One worker process: what it offers, and when it was last heard of."""

    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    pool: Mapped[str]
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    environment_id: Mapped[int] = mapped_column(ForeignKey("environment.id"))
    offer: Mapped[Json]
    platforms: Mapped[Json]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    stopped_at: Mapped[datetime | None]


class Attempt(Table):
    """One try at a job, under a lease. `token` fences: who holds another token may not settle."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    number: Mapped[int]
    token: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    environment_id: Mapped[int] = mapped_column(ForeignKey("environment.id"))
    lease_until: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    verdict: Mapped[str | None]
    conditions: Mapped[Json | None]
    facts: Mapped[Json | None]
    stage: Mapped[str | None]
    code: Mapped[str | None]
    error: Mapped[str | None]
    message: Mapped[str | None] = mapped_column(Text)
    exit_signal: Mapped[int | None]
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("job_id", "number"),
        Index("ix_attempt_state_id", "state", "id"),
        Index("ix_attempt_state_verdict_id", "state", "verdict", "id"),
        Index("ix_attempt_state_lease_until", "state", "lease_until"),
        Index("ix_attempt_finished_at", "finished_at"),
        Index("ix_attempt_machine_id", "machine_id"),
    )


class Event(Table):
    """One move of a job: who moved it, from where to where, when and why."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))
    at: Mapped[datetime]
    before: Mapped[str | None]
    after: Mapped[str]
    actor: Mapped[str]
    detail: Mapped[str] = mapped_column(Text, default="")


class Measurement(Table):
    """One metric of one attempt: its statistics, in the metric's SI unit."""

    __tablename__ = "measurement"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    metric: Mapped[str]
    unit: Mapped[str]
    n: Mapped[int]
    mean: Mapped[float]
    median: Mapped[float]
    minimum: Mapped[float]
    maximum: Mapped[float]
    stddev: Mapped[float | None]
    p90: Mapped[float | None]
    p95: Mapped[float | None]
    p99: Mapped[float | None]
    ci_low: Mapped[float | None]
    ci_high: Mapped[float | None]
    repeats: Mapped[int]
    between_stddev: Mapped[float | None]

    __table_args__ = (
        UniqueConstraint("attempt_id", "metric"),
        Index("ix_measurement_metric_median", "metric", "median"),
        Index("ix_measurement_metric_attempt_id_median", "metric", "attempt_id", "median"),
    )


class Samples(Table):
    """The raw samples of one measurement: zlib of little-endian float64, and how many belong to each repeat."""

    __tablename__ = "samples"

    measurement_id: Mapped[int] = mapped_column(ForeignKey("measurement.id"), primary_key=True)
    counts: Mapped[list[int]] = mapped_column(JSON)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Doubt(Table):
    """One doubt about one attempt's numbers, with its figure."""

    __tablename__ = "doubt"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    kind: Mapped[str] = mapped_column(index=True)
    figure: Mapped[float]
    detail: Mapped[str] = mapped_column(Text)


class Evidence(Table):
    """One layer of evidence of one attempt: outcome, reason, figures."""

    __tablename__ = "evidence"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    layer: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    figures: Mapped[Json]


class Annotation(Table):
    """What a person wrote about a result, such as that the change which it begins is known."""

    __tablename__ = "annotation"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    kind: Mapped[str]
    author: Mapped[str]
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Artifact(Table):
    """A text kept with an attempt, such as the tail of its log."""

    __tablename__ = "artifact"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    kind: Mapped[str]
    content: Mapped[str] = mapped_column(Text)


class Verification(Table):
    """One time that the evidence of a result was asked for again: the result's attempt, and the job that does it.

    What that job found stands with its own attempt, whose state keeps it apart from results. `outcome` is empty until
    it has ended.
    """

    __tablename__ = "verification"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), unique=True)
    outcome: Mapped[str | None]
    reason: Mapped[str] = mapped_column(Text, default="")
