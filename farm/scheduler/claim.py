"""A worker takes a job under a lease, renews it, and learns from that whether to go on.

The claim is one conditional update: of two workers with the same message, one gets the job.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from farm.contract.job import JobSpec
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.elsewhere import better_elsewhere
from farm.scheduler.ending import ACTOR, ATTEMPT
from farm.scheduler.moves import move
from farm.scheduler.register import Registration
from farm.scheduler.taking import Taken, take


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

    None, too, for a re-run that another machine of the same kind should take, and for a job that needs more than
    this one offers.
    """
    job = take(session, job_id, worker, lease_seconds=lease_seconds, unless_doubted_here=True)
    if job is None:
        at, silence = now(session), timedelta(seconds=lease_seconds)
        if better_elsewhere(session, job_id, worker=worker, at=at, silence=silence):
            return None
        job = take(session, job_id, worker, lease_seconds=lease_seconds, unless_doubted_here=False)
    if job is None:
        return None
    spec = JobSpec.model_validate(job.spec)
    if lacks := spec.requirement.unmet(worker.offer):
        _put_back(session, job, worker, reason=f"a message came to a worker that lacks {', '.join(lacks)}")
        return None
    return Claim(job.job_id, job.public_id, job.attempt_id, job.number, job.token, spec)


def _put_back(session: Session, job: Taken, worker: Registration, *, reason: str) -> None:
    """Let a job that only a forged message can have brought here be dispatched again; nothing was tried."""
    session.execute(delete(ATTEMPT).where(ATTEMPT.c.id == job.attempt_id))
    move(
        session,
        tables.Job.id == job.job_id,
        before=JobState.RUNNING,
        after=JobState.PLANNED,
        at=job.at,
        actor=ACTOR + worker.name,
        reason=reason,
        also={"attempts": tables.Job.attempts - 1},
    )


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
