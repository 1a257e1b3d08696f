"""A queued job moves to running and gets an attempt under a lease: on PostgreSQL by one statement.

In: a job id and the worker that wants it. Out: the job and its attempt; None when it is not queued any more.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import CTE, Executable, Interval, bindparam, insert, literal, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from farm.contract.states import AttemptState, JobState
from farm.database.engine import has_clock, moment
from farm.scheduler.elsewhere import doubted_here
from farm.scheduler.ending import ACTOR, ATTEMPT
from farm.scheduler.identity import new_id, new_token
from farm.scheduler.moves import EVENT, JOB, Told, check, events, record, tell
from farm.scheduler.register import Registration

BEFORE: Final = JobState.QUEUED
AFTER: Final = JobState.RUNNING
INSERT: Final = insert(ATTEMPT).returning(ATTEMPT.c.id)
#: The columns of an attempt that the worker knows before it asks.
KNOWN: Final = ("public_id", "token", "state", "worker_id", "machine_id", "environment_id")


class Taken(NamedTuple):
    """A job that runs now, and the attempt at it."""

    job_id: int
    public_id: str
    number: int
    spec: dict[str, JsonValue]
    at: datetime
    attempt_id: int
    token: str


def take(
    session: Session, job_id: int, worker: Registration, *, lease_seconds: float, unless_doubted_here: bool
) -> Taken | None:
    """Move the job and write its attempt, unless another writer moved it first."""
    known: dict[str, object] = {"the_job": job_id}
    known |= {"the_machine": worker.machine_id} if unless_doubted_here else {}
    attempt: dict[str, object] = {
        "public_id": new_id(),
        "token": new_token(),
        "state": AttemptState.RUNNING,
        "worker_id": worker.worker_id,
        "machine_id": worker.machine_id,
        "environment_id": worker.environment_id,
    }
    lease, actor = timedelta(seconds=lease_seconds), ACTOR + worker.name
    if has_clock(session):
        known |= {"actor": actor, "lease": lease} | {f"the_{name}": value for name, value in attempt.items()}
        row = session.execute(_at_once(unless_doubted_here), known).one_or_none()
        if row is None:
            return None
        job = Taken(*row)
        tell(session, [job.job_id], Told(BEFORE, AFTER, job.at, actor))
        return job
    row = session.execute(_step_by_step(unless_doubted_here), known).one_or_none()
    if row is None:
        return None
    record(session, [row.id], Told(BEFORE, AFTER, row.at, actor))
    attempt |= {"job_id": row.id, "number": row.attempts, "started_at": row.at, "lease_until": row.at + lease}
    attempt_id = session.execute(INSERT, attempt).scalar_one()
    return Taken(row.id, row.public_id, row.attempts, row.spec, row.at, attempt_id, str(attempt["token"]))


@cache
def _step_by_step(unless_doubted_here: bool) -> Executable:
    return _moving(unless_doubted_here, server=False)


@cache
def _at_once(unless_doubted_here: bool) -> Executable:
    """Build the statement that moves the job, writes its event and its attempt, once."""
    moved = _moving(unless_doubted_here, server=True).cte("moved")
    told = {
        "job_id": moved.c.id,
        "at": moved.c.at,
        "before": literal(BEFORE),
        "after": literal(AFTER),
        "actor": bindparam("actor", type_=EVENT.c.actor.type),
        "detail": literal(""),
    }
    made = _attempting(moved)
    found = select(*moved.c, made.c.id, made.c.token).join(made, made.c.job_id == moved.c.id)
    return found.add_cte(events(moved, told))


def _attempting(moved: CTE) -> CTE:
    until = moved.c.at + bindparam("lease", type_=Interval())
    of_job = {"job_id": moved.c.id, "number": moved.c.attempts, "started_at": moved.c.at, "lease_until": until}
    of_worker = {name: bindparam(f"the_{name}", type_=ATTEMPT.c[name].type) for name in KNOWN}
    values = select(*of_job.values(), *of_worker.values())
    made = insert(ATTEMPT).from_select([*of_job, *of_worker], values)
    return made.returning(ATTEMPT.c.id, ATTEMPT.c.job_id, ATTEMPT.c.token).cte("made")


def _moving(unless_doubted_here: bool, *, server: bool) -> ReturningUpdate[Any]:
    """Build the conditional update of the job."""
    check(BEFORE, AFTER)
    wanted = (JOB.c.id == bindparam("the_job")) & (JOB.c.state == BEFORE) & JOB.c.cancel_requested.is_(False)
    if unless_doubted_here:
        wanted &= ~doubted_here(bindparam("the_job"), bindparam("the_machine"))
    values = {"state": AFTER, "reason": "", "attempts": JOB.c.attempts + 1}
    columns = (JOB.c.id, JOB.c.public_id, JOB.c.attempts, JOB.c.spec, moment(server=server).label("at"))
    return update(JOB).where(wanted).values(values).returning(*columns)
