"""One move of jobs from one state to another: conditional in SQL, with an event for each job moved.

Each move is a line in the log of a scheduler or worker, once it is committed; other programs log nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    FromClause,
    bindparam,
    event,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from farm.contract.states import FINAL, LEGAL_MOVES, AttemptState, JobState
from farm.database import tables
from farm.database.engine import has_clock, insert_rows
from farm.database.tables import UtcDateTime, plain

MADE: Final = "moves made"  # what a session remembers until it is committed

JOB: Final = plain(tables.Job)
EVENT: Final = plain(tables.Event)
EVENTS: Final = insert(EVENT)

log = structlog.get_logger()


class Told(NamedTuple):
    """What the event of a move says, beside the job: its columns, in name and meaning."""

    before: JobState
    after: JobState
    at: datetime
    actor: str
    detail: str = ""
    attempt_id: int | None = None


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
    changed = update(JOB).where(which, JOB.c.state == before).values(values).returning(JOB.c.id)
    told = Told(before, after, at, actor, reason, attempt_id)
    if has_clock(session):
        columns = {name: literal(value, EVENT.c[name].type) for name, value in told._asdict().items()}
        moved = session.execute(with_events(changed, columns)).scalars().all()
        tell(session, moved, told)
    else:
        moved = session.execute(changed).scalars().all()
        record(session, moved, told)
    return moved


def move_one(session: Session, job_id: int, told: Told) -> bool:
    """Move one job that runs, as `move` does, by a statement that is built once: every job of a worker ends here."""
    check(told.before, told.after)
    server = has_clock(session)
    ended = {"the_job": job_id, "ended": told.at if told.after in FINAL else None}
    known = told._asdict() if server else {name: told._asdict()[name] for name in ("before", "after", "detail")}
    moved = session.execute(_one(server=server), ended | known).first() is not None
    if moved:
        (tell if server else record)(session, [job_id], told)
    return moved


@cache
def _one(*, server: bool) -> Executable:
    told = {name: bindparam(name, type_=EVENT.c[name].type) for name in Told._fields}
    values = {"state": told["after"], "reason": told["detail"], "finished_at": bindparam("ended", type_=UtcDateTime())}
    here = (JOB.c.id == bindparam("the_job")) & (JOB.c.state == told["before"])
    changed = update(JOB).where(here).values(values).returning(JOB.c.id)
    return with_events(changed, told) if server else changed


def with_events(changed: ReturningUpdate[Any], told: Mapping[str, ColumnElement[Any]]) -> Executable:
    """Let the update of a move also write an event for each job that it moves: one round trip, however many they are.

    SQLite knows no such statement; there, whoever does the update calls `record`.
    """
    moved = changed.cte("moved")
    columns: dict[str, ColumnElement[Any]] = {"job_id": moved.c.id, **told}
    if "at" in moved.c:
        columns["at"] = moved.c.at
    return select(moved).add_cte(events(moved, columns))


def events(moved: FromClause, columns: Mapping[str, ColumnElement[Any]]) -> CTE:
    """Write an event for each row of `moved`, with these columns, as a part of a larger statement."""
    return insert(EVENT).from_select([*columns], select(*columns.values()).select_from(moved)).cte("events")


def check(before: JobState, after: JobState) -> None:
    """Raise ValueError when a move is not a legal one."""
    if after not in LEGAL_MOVES[before]:
        raise ValueError(f"a job cannot move from {before} to {after}")


def _end(before: JobState, after: JobState, at: datetime) -> dict[str, object]:
    if after in FINAL:
        return {"finished_at": at}
    return {"finished_at": None} if before in FINAL else {}


def record(session: Session, job_ids: Sequence[int], told: Told) -> None:
    """Write one event per job, and tell of it."""
    insert_rows(session, EVENTS, [{"job_id": job_id, **told._asdict()} for job_id in job_ids])
    tell(session, job_ids, told)


def tell(session: Session, job_ids: Sequence[int], told: Told) -> None:
    """Log each move once it is committed."""
    if not structlog.is_configured():  # no program that logs: a command, whose stdout is its answer
        return
    if MADE not in session.info:
        session.info[MADE] = []
        event.listen(session, "after_commit", _tell)
        event.listen(session, "after_rollback", _forget)
    session.info[MADE] += [(job_id, told) for job_id in job_ids]


def _tell(session: Session) -> None:
    for job_id, told in session.info[MADE]:
        words = {"before": told.before, "after": told.after, "actor": told.actor, "detail": told.detail}
        log.info("moved", job=job_id, attempt=told.attempt_id, **{name: word for name, word in words.items() if word})
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
