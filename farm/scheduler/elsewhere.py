"""A re-run is better taken by another machine of the same kind: for a while, the first one leaves it to that.

In: a queued re-run and the worker that was offered it. Out: True when it should not take it yet. It stays queued, and
dispatch publishes it again; once PATIENCE is over anybody takes it, so a busy twin holds nothing up for long.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, select
from sqlalchemy.orm import Session, aliased

from farm.contract.requirement import Offer, Requirement
from farm.contract.states import AttemptState
from farm.database import tables
from farm.scheduler.register import Registration

ATTEMPT: Final = tables.plain(tables.Attempt)
_Key = int | BindParameter[int]

PATIENCE: Final = timedelta(seconds=120)  # from the end of the doubted attempt; a few rounds of republishing


def better_elsewhere(session: Session, job_id: int, *, worker: Registration, at: datetime, silence: timedelta) -> bool:
    """Say whether a live worker on another machine of the same fingerprint should take this re-run instead."""
    here = _doubted_here(job_id, worker.machine_id) & (ATTEMPT.c.finished_at > at - PATIENCE)
    if session.execute(select(ATTEMPT.c.id).where(here)).first() is None:
        return False
    queue = select(tables.Job.queue).where(tables.Job.id == job_id).scalar_subquery()
    stored = session.execute(select(tables.Queue.requirement).where(tables.Queue.name == queue)).scalar_one()
    requirement = Requirement.model_validate(stored)
    offers = _twins(session, worker, at=at, silence=silence)
    return any(not requirement.unmet(offer) for offer in offers)


def doubted_here(job_id: _Key, machine_id: _Key) -> ColumnElement[bool]:
    """Say, in SQL, whether this machine brought the doubtful result of a job; only then it is worth asking further."""
    return select(ATTEMPT.c.id).where(_doubted_here(job_id, machine_id)).exists()


def _doubted_here(job_id: _Key, machine_id: _Key) -> ColumnElement[bool]:
    return (
        (ATTEMPT.c.job_id == job_id) & (ATTEMPT.c.state == AttemptState.DOUBTED) & (ATTEMPT.c.machine_id == machine_id)
    )


def _twins(session: Session, worker: Registration, *, at: datetime, silence: timedelta) -> list[Offer]:
    """Give the offers of the pool's live workers on other machines that are alike."""
    mine, other = aliased(tables.Machine), aliased(tables.Machine)
    ours, theirs = aliased(tables.Worker), aliased(tables.Worker)
    found = session.execute(
        select(theirs.offer)
        .join(other, other.id == theirs.machine_id)
        .join(ours, ours.id == worker.worker_id)
        .join(mine, mine.id == ours.machine_id)
        .where(
            theirs.pool == ours.pool,
            theirs.stopped_at.is_(None),
            theirs.last_seen_at > at - silence,
            other.fingerprint == mine.fingerprint,
            other.host_id != mine.host_id,
        )
    ).scalars()
    return [Offer.model_validate(offer) for offer in found]
