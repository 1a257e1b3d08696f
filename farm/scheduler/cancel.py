"""A person cancels a sweep, or asks for what did not succeed to be tried again."""

from typing import Final

from sqlalchemy import select, update
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
    stopped = sum(
        len(move(session, here, before=before, after=JobState.CANCELLED, at=at, actor=ACTOR, reason="cancelled"))
        for before in AT_REST
    )
    running = session.execute(
        update(tables.Job)
        .where(here, tables.Job.state == JobState.RUNNING)
        .values(cancel_requested=True)
        .returning(tables.Job.id)
        .execution_options(synchronize_session=False)
    ).all()
    return stopped, len(running)


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
