"""A sweep becomes rows: the sweep, its jobs, their queues and first events, in one transaction.

In: an expanded sweep. Out: its public id; the jobs stand in `planned` or `unsupported`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import insert, literal, null, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from farm.contract.job import JobSpec
from farm.contract.requirement import Requirement
from farm.contract.states import JobState
from farm.database import tables
from farm.database.engine import now
from farm.database.tables import UtcDateTime
from farm.scheduler.identity import new_id

ROWS_PER_INSERT: Final = 1000
SHARED_POOL: Final = "farm"


class Submission(NamedTuple):
    """What is enlisted: the sweep as submitted, and every cell with the reason if it is unsupported."""

    name: str
    plan: dict[str, JsonValue]
    source: str
    labels: dict[str, JsonValue]
    priority: int
    max_attempts: int
    cells: Sequence[tuple[JobSpec, str | None]]
    once_key: str | None = None


def enlist(session: Session, submission: Submission, *, pool_of: Callable[[str], str] = lambda _: SHARED_POOL) -> str:
    """Write a sweep and its jobs; give the sweep's public id. With a `once_key` seen before, give that sweep's id.

    `pool_of` names the pool from the public id: who shares a broker shares a pool.
    """
    if submission.once_key is not None:
        known = _known(session, submission.once_key)
        if known is not None:
            return known
    at = now(session)
    public_id = new_id()
    try:
        with session.begin_nested():
            sweep_id = session.execute(
                insert(tables.Sweep).returning(tables.Sweep.id),
                {
                    "public_id": public_id,
                    "name": submission.name,
                    "once_key": submission.once_key,
                    "plan": submission.plan,
                    "source": submission.source,
                    "labels": submission.labels,
                    "priority": submission.priority,
                    "pool": pool_of(public_id),
                    "created_at": at,
                },
            ).scalar_one()
    except IntegrityError:
        known = _known(session, submission.once_key or "")  # somebody submitted the same key just now
        if known is None:
            raise
        return known
    queues = _enlist_queues(session, submission)
    _enlist_jobs(session, submission, sweep_id=sweep_id, queues=queues, at=at)
    return public_id


def _known(session: Session, once_key: str) -> str | None:
    return session.execute(select(tables.Sweep.public_id).where(tables.Sweep.once_key == once_key)).scalar_one_or_none()


def _enlist_queues(session: Session, submission: Submission) -> dict[str, str]:
    """Write the queues that are new; give the name of the queue of each requirement, by its JSON."""
    needs = {_key(spec): spec.requirement for spec, _ in submission.cells}
    names = {key: need.queue() for key, need in needs.items()}
    used = {_key(spec) for spec, unsupported in submission.cells if unsupported is None}
    for name, need in sorted({names[key]: needs[key] for key in used}.items()):
        _enlist_queue(session, name, need=need)
    return names


def _key(spec: JobSpec) -> str:
    return spec.requirement.model_dump_json()


def _enlist_queue(session: Session, name: str, *, need: Requirement) -> None:
    found = session.execute(select(tables.Queue.id).where(tables.Queue.name == name)).first()
    if found is not None:
        return
    try:
        with session.begin_nested():
            session.execute(
                insert(tables.Queue), {"name": name, "requirement": need.canonical().model_dump(mode="json")}
            )
    except IntegrityError:
        pass  # another submission made it meanwhile: the same name is the same requirement


def _enlist_jobs(
    session: Session, submission: Submission, *, sweep_id: int, queues: dict[str, str], at: datetime
) -> None:
    rows = (
        _job_row(
            spec,
            unsupported,
            sweep_id=sweep_id,
            position=position,
            queue=queues[_key(spec)],
            submission=submission,
            at=at,
        )
        for position, (spec, unsupported) in enumerate(submission.cells)
    )
    while batch := list(islice(rows, ROWS_PER_INSERT)):
        session.execute(insert(tables.plain(tables.Job)), batch)
    made = select(tables.Job.id, literal(at, UtcDateTime()), null(), tables.Job.state, literal("submit"), literal(""))
    columns = ("job_id", "at", "before", "after", "actor", "detail")
    here = tables.Job.sweep_id == sweep_id
    session.execute(insert(tables.Event).from_select(columns, made.where(here).order_by(tables.Job.id)))


def _job_row(
    spec: JobSpec,
    unsupported: str | None,
    *,
    sweep_id: int,
    position: int,
    queue: str,
    submission: Submission,
    at: datetime,
) -> dict[str, object]:
    return {
        "public_id": new_id(),
        "sweep_id": sweep_id,
        "position": position,
        "spec": spec.model_dump(mode="json"),
        "fingerprint": spec.fingerprint(),
        "model": spec.model.name,
        "family": spec.model.family,
        "platform": spec.platform,
        "precision": spec.precision,
        "scenario": spec.scenario,
        "batch_size": spec.batch_size,
        "sequence_length": spec.sequence_length,
        "new_tokens": spec.new_tokens,
        "queue": queue,
        "priority": submission.priority,
        "state": JobState.UNSUPPORTED if unsupported else JobState.PLANNED,
        "reason": unsupported or "",
        "attempts": 0,
        "max_attempts": submission.max_attempts,
        "cancel_requested": False,
        "published_at": None,
        "created_at": at,
        "finished_at": at if unsupported else None,
    }
