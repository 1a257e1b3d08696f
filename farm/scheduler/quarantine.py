"""A machine whose jobs keep failing, while other machines do the like, takes no more for a while and says why.

In: the latest attempts on a machine. Out: the reason for its quarantine, or None. Nothing is stored but the attempts
themselves: with no new ones the reason grows old, and the machine gets jobs again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from farm.contract.states import AttemptState
from farm.database.engine import now
from farm.database.tables import Attempt, Job

STREAK: Final = 5  # attempts in a row that ended badly
LEAST_JOBS: Final = 3  # of them, different jobs: one job that fails at every try says nothing of the machine
REST: Final = timedelta(minutes=30)  # from the last of them
COMPARED: Final = timedelta(days=1)  # how old the results of other machines may be

_Ended = Row[int, str, str | None, datetime | None, str, str]

BAD: Final = (AttemptState.FAILED, AttemptState.EXPIRED)
GOOD: Final = (AttemptState.DONE, AttemptState.DOUBTED, AttemptState.VERIFIED)


def quarantined(session: Session, machine_id: int) -> str | None:
    """Say why a machine should take no jobs now; None when it may.

    It is not the jobs' fault when other machines brought results for the same models on the same platforms. Where
    there are no others to compare with, nothing is held against a machine.
    """
    at = now(session)
    streak = _streak(session, machine_id, since=at - REST)
    if len(streak) < STREAK or any(row.state not in BAD for row in streak):
        return None
    if len({row.job_id for row in streak}) < LEAST_JOBS:
        return None
    kinds = {(row.model, row.platform) for row in streak}
    if not all(_done_elsewhere(session, machine_id, kind=kind, since=at - COMPARED) for kind in kinds):
        return None
    codes = ", ".join(sorted({row.code or row.state for row in streak}))
    until = max(row.finished_at for row in streak if row.finished_at) + REST
    return (
        f"quarantined until {until:%H:%M} UTC: the last {STREAK} jobs of this machine failed ({codes}), "
        "while other machines did the same models"
    )


def _streak(session: Session, machine_id: int, *, since: datetime) -> Sequence[_Ended]:
    """Give the latest attempts that ended on a machine, the last one first."""
    return session.execute(
        select(Attempt.job_id, Attempt.state, Attempt.code, Attempt.finished_at, Job.model, Job.platform)
        .join(Job, Job.id == Attempt.job_id)
        .where(Attempt.machine_id == machine_id, Attempt.finished_at > since, Attempt.state.in_((*BAD, *GOOD)))
        .order_by(Attempt.finished_at.desc(), Attempt.id.desc())
        .limit(STREAK)
    ).all()


def _done_elsewhere(session: Session, machine_id: int, *, kind: tuple[str, str], since: datetime) -> bool:
    model, platform = kind
    found = session.execute(
        select(Attempt.id)
        .join(Job, Job.id == Attempt.job_id)
        .where(Job.model == model, Job.platform == platform)
        .where(Attempt.machine_id != machine_id, Attempt.finished_at > since, Attempt.state.in_(GOOD))
        .limit(1)
    )
    return found.first() is not None
