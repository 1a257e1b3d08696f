"""A worker takes a job under a lease, renews it, and learns from that whether to go on.

The claim is one conditional update: of two workers with the same message, one gets the job.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from farm.contract.job import JobSpec
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.elsewhere import better_elsewhere
from farm.scheduler.identity import new_id, new_token
from farm.scheduler.moves import move
from farm.scheduler.register import Registration


class Claim(NamedTuple):
    """A job that is ours until the lease ends."""

    job_id: int
    public_id: str
    attempt_id: int
    number: int
    token: str
    spec: JobSpec


class Standing(StrEnum):
    """What a renewal says about the attempt."""

    OURS = "ours"
    CANCELLED = "cancelled"
    LOST = "lost"


def claim(session: Session, job_id: int, *, worker: Registration, lease_seconds: float) -> Claim | None:
    """Take a queued job; None when it is not queued any more (done, cancelled, or another worker's).

    None, too, for a re-run that another machine of the same kind should take.
    """
    at = now(session)
    if better_elsewhere(session, job_id, worker=worker, at=at, silence=timedelta(seconds=lease_seconds)):
        return None
    actor = f"worker {worker.name}"
    wanted = (tables.Job.id == job_id) & tables.Job.cancel_requested.is_(False)
    moved = move(
        session,
        wanted,
        before=JobState.QUEUED,
        after=JobState.RUNNING,
        at=at,
        actor=actor,
        also={"attempts": tables.Job.attempts + 1},
    )
    if not moved:
        return None
    job = session.execute(select(tables.Job).where(tables.Job.id == job_id)).scalar_one()
    token = new_token()
    attempt_id = session.execute(
        insert(tables.Attempt).returning(tables.Attempt.id),
        {
            "public_id": new_id(),
            "job_id": job.id,
            "number": job.attempts,
            "token": token,
            "state": AttemptState.RUNNING,
            "worker_id": worker.worker_id,
            "machine_id": worker.machine_id,
            "environment_id": worker.environment_id,
            "lease_until": at + timedelta(seconds=lease_seconds),
            "started_at": at,
        },
    ).scalar_one()
    return Claim(job.id, job.public_id, attempt_id, job.attempts, token, JobSpec.model_validate(job.spec))


def renew(session: Session, token: str, *, lease_seconds: float) -> Standing:
    """Lengthen the lease, and say whether the attempt is still ours and still wanted."""
    held = session.execute(
        update(tables.Attempt)
        .where(tables.Attempt.token == token, tables.Attempt.state == AttemptState.RUNNING)
        .values(lease_until=now(session) + timedelta(seconds=lease_seconds))
        .returning(tables.Attempt.job_id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if held is None:
        return Standing.LOST
    cancelled = session.execute(select(tables.Job.cancel_requested).where(tables.Job.id == held)).scalar_one()
    return Standing.CANCELLED if cancelled else Standing.OURS
