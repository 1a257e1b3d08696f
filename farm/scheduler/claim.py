"""A worker takes a job under a lease, renews it, and learns from that whether to go on.

The claim is one conditional update: of two workers with the same message, one gets the job.
"""

from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Executable, Row, String, bindparam, insert, literal, select, update
from sqlalchemy.orm import Session

from farm.contract.job import JobSpec
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import has_clock, moment, now
from farm.scheduler.elsewhere import better_elsewhere, doubted_here
from farm.scheduler.identity import new_id, new_token
from farm.scheduler.moves import JOB, Told, check, move, record, tell, with_events
from farm.scheduler.register import Registration

ATTEMPT: Final = insert(tables.plain(tables.Attempt)).returning(tables.plain(tables.Attempt).c.id)


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
    job = _take(session, job_id, worker, unless_doubted_here=True)
    if job is None:
        at, silence = now(session), timedelta(seconds=lease_seconds)
        if better_elsewhere(session, job_id, worker=worker, at=at, silence=silence):
            return None
        job = _take(session, job_id, worker, unless_doubted_here=False)
    if job is None:
        return None
    spec = JobSpec.model_validate(job.spec)
    if lacks := spec.requirement.unmet(worker.offer):
        _put_back(session, job, worker, reason=f"a message came to a worker that lacks {', '.join(lacks)}")
        return None
    token = new_token()
    attempt = {
        "public_id": new_id(),
        "job_id": job.id,
        "number": job.attempts,
        "token": token,
        "state": AttemptState.RUNNING,
        "worker_id": worker.worker_id,
        "machine_id": worker.machine_id,
        "environment_id": worker.environment_id,
        "lease_until": job.at + timedelta(seconds=lease_seconds),
        "started_at": job.at,
    }
    attempt_id = session.execute(ATTEMPT, attempt).scalar_one()
    return Claim(job.id, job.public_id, attempt_id, job.attempts, token, spec)


def _take(session: Session, job_id: int, worker: Registration, *, unless_doubted_here: bool) -> Row[Any] | None:
    """Move a queued job to running; give what the attempt needs of it."""
    server = has_clock(session)
    known: dict[str, object] = {"the_machine": worker.machine_id} if unless_doubted_here else {}
    actor = f"worker {worker.name}"
    known |= {"actor": actor} if server else {}
    job = session.execute(_taking(unless_doubted_here, server=server), {"the_job": job_id, **known}).one_or_none()
    if job is not None:
        told = Told(JobState.QUEUED, JobState.RUNNING, job.at, actor)
        (tell if server else record)(session, [job.id], told)
    return job


@cache
def _taking(unless_doubted_here: bool, *, server: bool) -> Executable:
    """Build the conditional update of a claim, once."""
    before, after = JobState.QUEUED, JobState.RUNNING
    check(before, after)
    at = moment(server=server)
    wanted = (JOB.c.id == bindparam("the_job")) & (JOB.c.state == before) & JOB.c.cancel_requested.is_(False)
    if unless_doubted_here:
        wanted &= ~doubted_here(bindparam("the_job"), bindparam("the_machine"))
    values = {"state": after, "reason": "", "attempts": JOB.c.attempts + 1}
    columns = (JOB.c.id, JOB.c.public_id, JOB.c.attempts, JOB.c.spec, at.label("at"))
    changed = update(JOB).where(wanted).values(values).returning(*columns)
    told: dict[str, ColumnElement[Any]] = {
        "before": literal(before),
        "after": literal(after),
        "actor": bindparam("actor", type_=String()),
        "detail": literal(""),
    }
    return with_events(changed, told) if server else changed


def _put_back(session: Session, job: Row[Any], worker: Registration, *, reason: str) -> None:
    """Let a job that only a forged message can have brought here be dispatched again; nothing was tried."""
    move(
        session,
        tables.Job.id == job.id,
        before=JobState.RUNNING,
        after=JobState.PLANNED,
        at=job.at,
        actor=f"worker {worker.name}",
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
