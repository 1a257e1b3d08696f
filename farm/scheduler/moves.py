"""One move of jobs from one state to another: conditional in SQL, with an event for each job moved.

Each move is a line in the log of a scheduler or worker, once it is committed; other programs log nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, bindparam, event, func, insert, select, update
from sqlalchemy.orm import Session

from farm.contract.states import FINAL, LEGAL_MOVES, AttemptState, JobState
from farm.database import tables

MADE: Final = "moves made"  # what a session remembers until it is committed

EVENTS: Final = insert(tables.plain(tables.Event))
JOB: Final = tables.plain(tables.Job)
ONE: Final = (
    update(JOB).where(JOB.c.id == bindparam("the_job"), JOB.c.state == bindparam("the_state")).returning(JOB.c.id)
)

log = structlog.get_logger()


def move(
    session: Session,
    which: ColumnElement[bool],
    *,
    before: JobState,
    after: JobState,
    at: datetime,
    actor: str,
    reason: str = "",
    attempt_id: int | None = None,
    also: dict[str, object] | None = None,
) -> Sequence[int]:
    """Move every job that matches `which` and is still in `before`; give the ids that moved.

    A job that another writer moved first no longer matches and is left alone.
    """
    check(before, after)
    values: dict[str, object] = {"state": after, "reason": reason, **(also or {}), **_end(before, after, at)}
    statement = update(tables.Job).where(which, tables.Job.state == before).values(values).returning(tables.Job.id)
    moved = session.execute(statement.execution_options(synchronize_session=False)).scalars().all()
    record(session, moved, before=before, after=after, at=at, actor=actor, detail=reason, attempt_id=attempt_id)
    return moved


def move_one(
    session: Session,
    job_id: int,
    *,
    before: JobState,
    after: JobState,
    at: datetime,
    actor: str,
    reason: str,
    attempt_id: int | None = None,
) -> bool:
    """Move one job, as `move` does; the statement is built once for all jobs, since every job of a worker ends here."""
    check(before, after)
    values: dict[str, object] = {"state": after, "reason": reason, **_end(before, after, at)}
    moved = session.execute(ONE, {"the_job": job_id, "the_state": before, **values}).first() is not None
    if moved:
        record(session, [job_id], before=before, after=after, at=at, actor=actor, detail=reason, attempt_id=attempt_id)
    return moved


def check(before: JobState, after: JobState) -> None:
    """Raise ValueError when a move is not a legal one."""
    if after not in LEGAL_MOVES[before]:
        raise ValueError(f"a job cannot move from {before} to {after}")


def _end(before: JobState, after: JobState, at: datetime) -> dict[str, object]:
    if after in FINAL:
        return {"finished_at": at}
    return {"finished_at": None} if before in FINAL else {}


def record(
    session: Session,
    job_ids: Sequence[int],
    *,
    before: JobState | None,
    after: JobState,
    at: datetime,
    actor: str,
    detail: str = "",
    attempt_id: int | None = None,
) -> None:
    """Write one event per job."""
    rows: list[dict[str, object]] = [
        {
            "job_id": job_id,
            "attempt_id": attempt_id,
            "at": at,
            "before": before,
            "after": after,
            "actor": actor,
            "detail": detail,
        }
        for job_id in job_ids
    ]
    if rows:
        session.execute(EVENTS, rows)
        _tell_after_commit(session, rows)


def _tell_after_commit(session: Session, rows: list[dict[str, object]]) -> None:
    if not structlog.is_configured():  # no program that logs: a command, whose stdout is its answer
        return
    if MADE not in session.info:
        session.info[MADE] = []
        event.listen(session, "after_commit", _tell)
        event.listen(session, "after_rollback", _forget)
    session.info[MADE] += rows


def _tell(session: Session) -> None:
    for row in session.info[MADE]:
        told = {name: row[name] for name in ("before", "after", "actor", "detail") if row[name]}
        log.info("moved", job=row["job_id"], attempt=row["attempt_id"], **told)
    _forget(session)


def _forget(session: Session) -> None:
    session.info[MADE] = []


def burned(session: Session, job_id: int) -> int:
    """Count the attempts of a job that ended badly; those given back by a stopping worker do not count."""
    return session.execute(
        select(func.count())
        .select_from(tables.Attempt)
        .where(
            tables.Attempt.job_id == job_id,
            tables.Attempt.state.in_((AttemptState.FAILED, AttemptState.EXPIRED)),
        )
    ).scalar_one()
