"""How the farm stands at this moment: queues, workers and what they run, and what ended lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.contract.canary import at_rest
from farm.contract.job import JobSpec
from farm.contract.requirement import Offer, Requirement
from farm.contract.states import UNSETTLED, AttemptState, JobState
from farm.database.engine import now
from farm.database.tables import Attempt, Doubt, Job, Machine, Queue, Worker

LATELY: Final = timedelta(hours=1)


class QueueRow(NamedTuple):
    """One queue with open jobs: how many stand where, and how many live workers can take them."""

    name: str
    needs: str
    planned: int
    waiting: int
    queued: int
    running: int
    workers: int


class WorkerRow(NamedTuple):
    """One live worker: the cell it runs and for how long, and why it takes no jobs, if it takes none. In seconds."""

    name: str
    machine: str
    pool: str
    cell: str
    running: float | None
    heard: float
    rests: str


class Lately(NamedTuple):
    """What ended within the last hour."""

    done: int
    failed: int
    expired: int
    released: int
    doubted: int  # results that have doubts


class Live(NamedTuple):
    """The farm at one moment."""

    at: datetime
    states: dict[JobState, int]
    queues: tuple[QueueRow, ...]
    workers: tuple[WorkerRow, ...]
    lately: Lately


def live(session: Session, *, silence: timedelta) -> Live:
    """Look at the farm; a worker is live when it was heard of within `silence`."""
    at = now(session)
    counted = session.execute(select(Job.state, func.count().label("number")).group_by(Job.state))
    workers = session.execute(
        select(Worker, Machine.name)
        .join(Machine, Machine.id == Worker.machine_id)
        .where(Worker.stopped_at.is_(None), Worker.last_seen_at > at - silence)
        .order_by(Worker.name, Worker.id)
    ).all()
    running = _running(session)
    return Live(
        at=at,
        states={JobState(row.state): row.number for row in counted},
        queues=_queues(session, [Offer.model_validate(worker.offer) for worker, _ in workers]),
        workers=tuple(_worker(worker, machine, running.get(worker.id), at=at) for worker, machine in workers),
        lately=_lately(session, since=at - LATELY),
    )


def _queues(session: Session, offers: Sequence[Offer]) -> tuple[QueueRow, ...]:
    counts: dict[str, dict[str, int]] = {}
    open_jobs = select(Job.queue, Job.state, func.count().label("number")).where(Job.state.in_(UNSETTLED))
    for row in session.execute(open_jobs.group_by(Job.queue, Job.state)):
        counts.setdefault(row.queue, {})[row.state] = row.number
    stored = session.execute(select(Queue.name, Queue.requirement).where(Queue.name.in_(counts)).order_by(Queue.name))
    return tuple(_queue(row.name, row.requirement, counts[row.name], offers) for row in stored)


def _queue(name: str, stored: dict[str, Any], counts: dict[str, int], offers: Sequence[Offer]) -> QueueRow:
    need = Requirement.model_validate(stored)
    fit = sum(not need.unmet(offer) for offer in offers)
    planned, waiting, queued, running = (
        counts.get(state, 0) for state in (JobState.PLANNED, JobState.WAITING, JobState.QUEUED, JobState.RUNNING)
    )
    return QueueRow(name, need.words(), planned, waiting, queued, running, fit)


def _running(session: Session) -> dict[int, tuple[str, datetime]]:
    found = session.execute(
        select(Attempt.worker_id, Attempt.started_at, Job.spec)
        .join(Job, Job.id == Attempt.job_id)
        .where(Attempt.state == AttemptState.RUNNING)
    )
    return {row.worker_id: (JobSpec.model_validate(row.spec).cell(), row.started_at) for row in found}


def _worker(worker: Worker, machine: str, running: tuple[str, datetime] | None, *, at: datetime) -> WorkerRow:
    offer = Offer.model_validate(worker.offer)
    reasons = {status["reason"] for status in worker.platforms.values() if not status["available"]}
    rests = "; ".join(sorted(reasons)) if at_rest(offer) == offer else ""
    return WorkerRow(
        name=worker.name,
        machine=machine,
        pool=worker.pool,
        cell=running[0] if running else "",
        running=(at - running[1]).total_seconds() if running else None,
        heard=(at - worker.last_seen_at).total_seconds(),
        rests=rests,
    )


def _lately(session: Session, *, since: datetime) -> Lately:
    ended = session.execute(
        select(Attempt.state, func.count().label("number")).where(Attempt.finished_at > since).group_by(Attempt.state)
    )
    counts = {row.state: row.number for row in ended}
    doubted = session.execute(
        select(func.count(Doubt.attempt_id.distinct()))
        .join(Attempt, Attempt.id == Doubt.attempt_id)
        .where(Attempt.finished_at > since)
    ).scalar_one()
    return Lately(
        done=counts.get(AttemptState.DONE, 0),
        failed=counts.get(AttemptState.FAILED, 0),
        expired=counts.get(AttemptState.EXPIRED, 0),
        released=counts.get(AttemptState.RELEASED, 0),
        doubted=doubted,
    )
