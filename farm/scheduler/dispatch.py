"""Planned jobs go to the queue of what they need, a window ahead of the workers that can take them.

In: planned and waiting jobs in SQL, live workers. Out: queued jobs in SQL, then their ids on the broker.
SQL comes first: a crash in between leaves a queued job without a message, which `republish` mends.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from farm.contract.requirement import Requirement
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.fair import choose
from farm.scheduler.moves import move
from farm.scheduler.register import LiveWorker, live_workers

ACTOR: Final = "dispatch"
OPEN: Final = (JobState.PLANNED, JobState.WAITING, JobState.QUEUED)
MOVED_PER_ROUND: Final = 5000  # jobs of a queue that begin or end to wait
VERY_OLD: Final = 30  # times `republish_seconds`


class Message(NamedTuple):
    """What must be published: a job id, and the queue it goes to."""

    queue: str
    job_id: int


class Rules(NamedTuple):
    """How far ahead to publish, and when to worry. Times in seconds."""

    pool: str
    window: int
    republish_seconds: float
    silence_seconds: float


def dispatch(session: Session, rules: Rules) -> list[Message]:
    """Queue what fits and mark what must wait; give the messages to publish once this is committed."""
    at = now(session)
    workers = live_workers(session, pool=rules.pool, silence=timedelta(seconds=rules.silence_seconds))
    messages: list[Message] = []
    for name, requirement in _queues_with_work(session, rules.pool):
        fit = [worker for worker in workers if not requirement.unmet(worker.offer)]
        here = (tables.Job.queue == name) & _in_pool(rules.pool)
        if fit:
            some = _some(here, JobState.WAITING)
            move(session, some, before=JobState.WAITING, after=JobState.PLANNED, at=at, actor=ACTOR)
            messages += _fill(session, name, here=here, rules=rules, room=rules.window * len(fit), at=at)
            messages += _republish(session, name, here=here, fit=fit, rules=rules, at=at)
        else:
            reason = why_waiting(requirement, workers)
            _explain(session, here, reason=reason)
            for before in (JobState.PLANNED, JobState.QUEUED):
                some = _some(here, before)
                move(session, some, before=before, after=JobState.WAITING, at=at, actor=ACTOR, reason=reason)
    return messages


def can_go_on(session: Session, rules: Rules) -> bool:
    """Say whether a live worker can take any of the jobs that are left in a pool."""
    workers = live_workers(session, pool=rules.pool, silence=timedelta(seconds=rules.silence_seconds))
    return any(
        not requirement.unmet(worker.offer)
        for _, requirement in _queues_with_work(session, rules.pool)
        for worker in workers
    )


def why_waiting(requirement: Requirement, workers: Sequence[LiveWorker]) -> str:
    """Say why no live worker can take a job."""
    if not workers:
        return f"needs {requirement.words()}; no worker is live"
    lacks = min((requirement.unmet(worker.offer) for worker in workers), key=len)
    reasons = {_platform_reason(worker, lack) for worker in workers for lack in lacks} - {""}
    why = f" ({'; '.join(sorted(reasons))})" if reasons else ""
    return f"needs {', '.join(lacks)}; no live worker has it{why}"


def _explain(session: Session, here: ColumnElement[bool], *, reason: str) -> None:
    """Keep the reason of waiting jobs true as workers come and go; it is no move.

    They all have the same one, so the first of them tells whether it is still true.
    """
    waiting = select(tables.Job.reason).where(here, tables.Job.state == JobState.WAITING)
    if session.execute(waiting.order_by(tables.Job.priority, tables.Job.id).limit(1)).scalar_one_or_none() == reason:
        return
    stale = here & (tables.Job.state == JobState.WAITING) & (tables.Job.reason != reason)
    session.execute(update(tables.Job).where(stale).values(reason=reason).execution_options(synchronize_session=False))


def _platform_reason(worker: LiveWorker, tag: str) -> str:
    status = worker.platforms.get(tag)
    return str(status.get("reason") or "") if isinstance(status, dict) else ""


def _some(here: ColumnElement[bool], state: JobState) -> ColumnElement[bool]:
    """Take a few thousand jobs of a queue in a state: the next rounds take the others, so that no round is long."""
    first = select(tables.Job.id).where(here, tables.Job.state == state).order_by(tables.Job.priority, tables.Job.id)
    return tables.Job.id.in_(first.limit(MOVED_PER_ROUND))


def _in_pool(pool: str) -> ColumnElement[bool]:
    return tables.Job.sweep_id.in_(select(tables.Sweep.id).where(tables.Sweep.pool == pool))


def _queues_with_work(session: Session, pool: str) -> list[tuple[str, Requirement]]:
    work = select(tables.Job.id).where(
        tables.Job.state.in_(OPEN), tables.Job.queue == tables.Queue.name, _in_pool(pool)
    )  # for each queue its first job is looked for, where a list of all their queues would read every open job
    rows = session.execute(
        select(tables.Queue.name, tables.Queue.requirement)
        .where(work.limit(1).scalar_subquery().is_not(None))
        .order_by(tables.Queue.id)
    )
    return [(row.name, Requirement.model_validate(row.requirement)) for row in rows]


def _fill(
    session: Session, queue: str, *, here: ColumnElement[bool], rules: Rules, room: int, at: datetime
) -> list[Message]:
    queued = session.execute(
        select(func.count()).select_from(tables.Job).where(here, tables.Job.state == JobState.QUEUED)
    ).scalar_one()
    chosen = choose(session, queue, pool=rules.pool, room=room - queued)
    which = tables.Job.id.in_(chosen)
    also: dict[str, object] = {"published_at": at}
    moved = set(move(session, which, before=JobState.PLANNED, after=JobState.QUEUED, at=at, actor=ACTOR, also=also))
    return [Message(queue, job_id) for job_id in chosen if job_id in moved]


def _republish(
    session: Session,
    queue: str,
    *,
    here: ColumnElement[bool],
    fit: Sequence[LiveWorker],
    rules: Rules,
    at: datetime,
) -> list[Message]:
    """Publish again what an idle worker should have claimed long ago; a duplicate is harmless, a loss is not.

    A worker is idle when it has had nothing for so long: between two jobs it only seems to be. Where none ever is,
    because other queues keep all of them busy, what is very old is published again all the same.
    """
    stale = at - timedelta(seconds=rules.republish_seconds)
    old = select(tables.Job.id).where(here, tables.Job.state == JobState.QUEUED, tables.Job.published_at < stale)
    if session.execute(old.limit(1)).first() is None:
        return []
    lately = (tables.Attempt.state == AttemptState.RUNNING) | (tables.Attempt.finished_at > stale)
    busy = session.execute(
        select(tables.Attempt.worker_id)
        .where(lately, tables.Attempt.worker_id.in_([worker.id for worker in fit]))
        .distinct()
    ).scalars()
    if len(busy.all()) >= len(fit):
        stale = at - timedelta(seconds=rules.republish_seconds * VERY_OLD)
    again = session.execute(
        update(tables.Job)
        .where(here, tables.Job.state == JobState.QUEUED, tables.Job.published_at < stale)
        .values(published_at=at)
        .returning(tables.Job.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    return [Message(queue, job_id) for job_id in sorted(again)]
