"""An attempt ends, once: whoever holds its token ends it, and learns what kind of job it belongs to.

In: the attempt's token. Out: what a settlement must know of it; None when the token no longer holds.
"""

from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from farm.contract.states import AttemptState
from farm.database import tables
from farm.database.engine import has_clock, moment
from farm.scheduler.canary import SWEEPS

ATTEMPT: Final = tables.plain(tables.Attempt)
ACTOR: Final = "worker "  # before its name, in the events of the jobs that it moves


class Held(NamedTuple):
    """An attempt that has just ended, by its token."""

    attempt_id: int
    job_id: int
    at: datetime
    worker: str
    verifies: bool  # its job gathers the evidence of an older result again
    reruns: bool  # its job has brought a doubtful result before
    is_canary: bool

    def actor(self) -> str:
        """Name who moves the job."""
        return ACTOR + self.worker


def end(session: Session, token: str, state: AttemptState, *, values: dict[str, object]) -> Held | None:
    """End the attempt, and learn in the same round trip what kind of job it belongs to."""
    known = {"the_token": token, "state": state, **values}
    ended = session.execute(_ending(server=has_clock(session)), known).first()
    return None if ended is None else held(*ended)


def held(*found: Any) -> Held:
    """Read the row that an ending returns; SQLite has numbers for truth."""
    return Held(*found[:4], *map(bool, found[4:]))


@cache
def _ending(*, server: bool) -> ReturningUpdate[Any]:
    return ending({}, server=server)


def ending(values: dict[str, object], *, server: bool) -> ReturningUpdate[Any]:
    """Build the conditional update that ends an attempt; it returns the columns of `Held`."""
    at, earlier, verification = moment(server=server), ATTEMPT.alias(), tables.plain(tables.Verification)
    worker, job = tables.plain(tables.Worker), tables.plain(tables.Job)
    canaries = select(tables.Sweep.id).where(SWEEPS)
    job_id = ATTEMPT.c.job_id
    doubted = (earlier.c.job_id == job_id) & (earlier.c.state == AttemptState.DOUBTED)
    return (
        update(ATTEMPT)
        .where(ATTEMPT.c.token == bindparam("the_token"), ATTEMPT.c.state == AttemptState.RUNNING)
        .values(finished_at=at, **values)
        .returning(
            ATTEMPT.c.id.label("attempt_id"),
            job_id,
            at.label("at"),
            select(worker.c.name).where(worker.c.id == ATTEMPT.c.worker_id).scalar_subquery().label("worker"),
            select(verification.c.id).where(verification.c.job_id == job_id).exists().label("verifies"),
            select(earlier.c.id).where(doubted).exists().label("reruns"),
            select(job.c.id).where(job.c.id == job_id, job.c.sweep_id.in_(canaries)).exists().label("is_canary"),
        )
    )
