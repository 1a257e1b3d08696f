"""Attempts whose worker fell silent end as expired, and their jobs go back to be tried again.

In: running attempts whose lease is over. Out: the jobs planned again, cancelled, or failed when no try is left.
"""

from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from farm.contract.errors import LeaseExpired
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler import rerun
from farm.scheduler.moves import move
from farm.scheduler.settle import cancel_asked, tries_left

ACTOR: Final = "reap"


def reap(session: Session) -> list[int]:
    """End every attempt whose lease is over; give the ids of their jobs."""
    silent = tables.Attempt.lease_until < now(session)
    return _expire(session, silent, why="the worker stopped renewing its lease")


def reap_pool(session: Session, pool: str) -> list[int]:
    """End every running attempt of a pool at once: for a pool whose workers are known to be gone."""
    mine = tables.Attempt.worker_id.in_(select(tables.Worker.id).where(tables.Worker.pool == pool))
    return _expire(session, mine, why="the farm was stopped while it ran")


def unqueue_pool(session: Session, pool: str) -> None:
    """Take every queued job of a pool back to planned: for a pool whose broker is gone."""
    sweeps = select(tables.Sweep.id).where(tables.Sweep.pool == pool)
    which = tables.Job.sweep_id.in_(sweeps)
    move(session, which, before=JobState.QUEUED, after=JobState.PLANNED, at=now(session), actor=ACTOR)


def _expire(session: Session, which: ColumnElement[bool], *, why: str) -> list[int]:
    at = now(session)
    ended = session.execute(
        update(tables.Attempt)
        .where(which, tables.Attempt.state == AttemptState.RUNNING)
        .values(state=AttemptState.EXPIRED, finished_at=at, code=LeaseExpired.code, message=why)
        .returning(tables.Attempt.id, tables.Attempt.job_id)
        .execution_options(synchronize_session=False)
    ).all()
    for attempt in ended:
        if cancel_asked(session, attempt.job_id):
            after = JobState.CANCELLED
        elif tries_left(session, attempt.job_id):
            after = JobState.PLANNED
        else:
            after = JobState.DONE if rerun.fall_back(session, attempt.job_id) else JobState.FAILED
        move(
            session,
            tables.Job.id == attempt.job_id,
            before=JobState.RUNNING,
            after=after,
            at=at,
            actor=ACTOR,
            reason=f"{LeaseExpired.code}: {why}" if after is JobState.FAILED else why,
            attempt_id=attempt.id,
        )
    return [attempt.job_id for attempt in ended]
