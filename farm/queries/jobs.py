"""Questions about jobs: which there are, and the whole history of one."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.job import JobSpec
from farm.database import tables
from farm.queries.filters import Filters, conditions, unmatched

PARTS: Final = (
    "model",
    "family",
    "platform",
    "precision",
    "scenario",
)  # filters that hold for jobs without results too


class JobRow(NamedTuple):
    """One job as a listing shows it."""

    public_id: str
    sweep: str
    model: str
    platform: str
    precision: str
    cell: str
    state: str
    attempts: int
    reason: str


class AttemptRow(NamedTuple):
    """One try at a job."""

    public_id: str
    number: int
    state: str
    worker: str
    machine: str
    started_at: datetime
    finished_at: datetime | None
    verdict: str | None
    stage: str | None
    code: str | None
    message: str | None
    log: str


class EventRow(NamedTuple):
    """One move of a job."""

    at: datetime
    before: str | None
    after: str
    actor: str
    detail: str


class JobDetail(NamedTuple):
    """Everything about one job."""

    row: JobRow
    spec: dict[str, Any]
    attempts: tuple[AttemptRow, ...]
    events: tuple[EventRow, ...]


def list_jobs(
    session: Session,
    *,
    sweep: str | None = None,
    state: str | None = None,
    filters: Filters | None = None,
    limit: int | None = None,
) -> list[JobRow]:
    """Give jobs, the newest sweep first and in the order of each sweep; the filters are those of PARTS."""
    chosen = _select().where(*conditions(filters or {}))
    if sweep:
        chosen = chosen.where(tables.Sweep.public_id == sweep)
    if state:
        chosen = chosen.where(tables.Job.state == state)
    ordered = chosen.order_by(tables.Job.sweep_id.desc(), tables.Job.position).limit(limit)
    return [_row(*found) for found in session.execute(ordered)]


def part_of(session: Session, sweep: str, filters: Filters) -> list[JobRow]:
    """Give the jobs of a sweep that the filters let through.

    Raises: UnknownName where they let none through, with what comes near.
    """
    jobs = list_jobs(session, sweep=sweep, filters=filters)
    if filters and not jobs:
        asked = ", ".join(f"{word} {value!r}" for word, value in filters.items())
        raise UnknownName("; ".join([f"sweep {sweep} has no job of {asked}", *unmatched(session, filters)]))
    return jobs


def get_job(session: Session, public_id: str) -> JobDetail:
    """Give one job with its attempts, their logs, and its events.

    Raises: UnknownName.
    """
    found = session.execute(_select().where(tables.Job.public_id == public_id)).one_or_none()
    if found is None:
        raise UnknownName(f"no job {public_id!r}; `farm jobs list` shows them")
    job = found[0]
    events = session.execute(select(tables.Event).where(tables.Event.job_id == job.id).order_by(tables.Event.id))
    return JobDetail(
        row=_row(*found),
        spec=job.spec,
        attempts=_attempts(session, job.id),
        events=tuple(EventRow(each.at, each.before, each.after, each.actor, each.detail) for each in events.scalars()),
    )


def _select() -> Select[tables.Job, str, int | None]:
    """Choose jobs, each with its sweep, and with the attempt whose evidence it gathers again, if it does that."""
    return (
        select(tables.Job, tables.Sweep.public_id, tables.Verification.attempt_id)
        .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
        .outerjoin(tables.Verification, tables.Verification.job_id == tables.Job.id)
    )


def _row(job: tables.Job, sweep: str, verifies: int | None) -> JobRow:
    cell = JobSpec.model_validate(job.spec).cell()
    if verifies is not None:
        cell = f"verify {cell}"
    return JobRow(
        job.public_id, sweep, job.model, job.platform, job.precision, cell, job.state, job.attempts, job.reason
    )


def _attempts(session: Session, job_id: int) -> tuple[AttemptRow, ...]:
    found = session.execute(
        select(tables.Attempt, tables.Worker.name, tables.Machine.name, tables.Artifact.content)
        .join(tables.Worker, tables.Worker.id == tables.Attempt.worker_id)
        .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
        .outerjoin(tables.Artifact, tables.Artifact.attempt_id == tables.Attempt.id)
        .where(tables.Attempt.job_id == job_id)
        .order_by(tables.Attempt.number)
    )
    return tuple(
        AttemptRow(
            attempt.public_id,
            attempt.number,
            attempt.state,
            worker,
            machine,
            attempt.started_at,
            attempt.finished_at,
            attempt.verdict,
            attempt.stage,
            attempt.code,
            attempt.message,
            log or "",
        )
        for attempt, worker, machine, log in found
    )
