"""A person cancels a sweep, or asks for what did not succeed to be tried again."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.states import JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.moves import burned, move

ACTOR: Final = "person"
AT_REST: Final = (JobState.PLANNED, JobState.WAITING, JobState.QUEUED)
TRIED_AGAIN: Final = (JobState.FAILED, JobState.CANCELLED)


def cancel(session: Session, sweep: str) -> tuple[int, int]:
    """Cancel a sweep; give how many jobs were cancelled at once, and how many running ones will stop in seconds."""
    here = tables.Job.sweep_id == _sweep_id(session, sweep)
    at = now(session)
    stopped, running = 0, 0
    while _escaped(session, here):
        stopped += sum(
            len(move(session, here, before=before, after=JobState.CANCELLED, at=at, actor=ACTOR, reason="cancelled"))
            for before in AT_REST
        )
        running += len(_ask_to_stop(session, here))
    return stopped, running


def _escaped(session: Session, here: ColumnElement[bool]) -> bool:
    """Say whether a job is neither cancelled nor asked to stop.

    While we look at one state after the other, other writers move jobs, some of them back to where we have been.
    """
    open_ = tables.Job.state.in_(AT_REST) | (
        (tables.Job.state == JobState.RUNNING) & tables.Job.cancel_requested.is_(False)
    )
    return session.execute(select(tables.Job.id).where(here, open_).limit(1)).first() is not None


def _ask_to_stop(session: Session, here: ColumnElement[bool]) -> Sequence[int]:
    return (
        session.execute(
            update(tables.Job)
            .where(here, tables.Job.state == JobState.RUNNING, tables.Job.cancel_requested.is_(False))
            .values(cancel_requested=True)
            .returning(tables.Job.id)
            .execution_options(synchronize_session=False)
        )
        .scalars()
        .all()
    )


def retry(session: Session, sweep: str, *, tries: int, unsupported: bool = False) -> int:
    """Plan the failed and cancelled jobs of a sweep again (and the unsupported ones, if asked); give how many."""
    here = tables.Job.sweep_id == _sweep_id(session, sweep)
    states = (*TRIED_AGAIN, JobState.UNSUPPORTED) if unsupported else TRIED_AGAIN
    at = now(session)
    moved: list[int] = []
    for before in states:
        also: dict[str, object] = {"cancel_requested": False, "published_at": None}
        moved += move(
            session, here, before=before, after=JobState.PLANNED, at=at, actor=ACTOR, reason="tried again", also=also
        )
    for job_id in moved:
        most = burned(session, job_id) + tries
        session.execute(update(tables.Job).where(tables.Job.id == job_id).values(max_attempts=most))
    return len(moved)


def _sweep_id(session: Session, public_id: str) -> int:
    found = session.execute(select(tables.Sweep.id).where(tables.Sweep.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise UnknownName(f"no sweep {public_id}; `farm sweep list` shows them")
    return found
