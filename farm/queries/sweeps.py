"""Questions about sweeps: which there are, how far they are, which of them did not finish."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from farm.contract.canary import SWEEP
from farm.contract.errors import UnknownName
from farm.contract.states import FINAL, UNSETTLED, JobState
from farm.database.tables import Job, Sweep, Verification

LAST: Final = "last"  # names the newest
#: Sweeps that people submitted: those of verifications and canaries hold no results, and are named by their ids alone.
SUBMITTED: Final = and_(
    Sweep.id.not_in(select(Job.sweep_id).join(Verification, Verification.job_id == Job.id)),
    or_(Sweep.name != SWEEP, Sweep.source != ""),
)


class SweepRow(NamedTuple):
    """One sweep and its jobs by state."""

    public_id: str
    name: str
    created_at: datetime
    priority: int
    labels: dict[str, object]
    states: dict[str, int]

    def settled(self) -> int:
        """Count the jobs in a final state."""
        return sum(count for state, count in self.states.items() if JobState(state) in FINAL)

    def total(self) -> int:
        """Count all jobs."""
        return sum(self.states.values())


def list_sweeps(session: Session, *, limit: int) -> list[SweepRow]:
    """Give the newest sweeps."""
    found = session.execute(select(Sweep).where(SUBMITTED).order_by(Sweep.id.desc()).limit(limit)).scalars().all()
    return _rows(session, found)


def get_sweep(session: Session, public_id: str) -> SweepRow:
    """Give one sweep; `last` names the newest.

    Raises: UnknownName.
    """
    chosen = select(Sweep).where(SUBMITTED).order_by(Sweep.id.desc()).limit(1)
    if public_id != LAST:
        chosen = select(Sweep).where(Sweep.public_id == public_id)
    found = session.execute(chosen).scalars().all()
    if not found and public_id == LAST:
        raise UnknownName("there is no sweep yet; `farm run FILE` runs one")
    if not found:
        raise UnknownName(f"no sweep {public_id!r}; `farm sweep list` shows them")
    return _rows(session, found)[0]


def unfinished(session: Session, *, source: str, pool_prefix: str) -> str | None:
    """Give the newest sweep of this very text, in a pool with this prefix, that has jobs left to do."""
    left = select(Job.sweep_id).where(Job.state.in_(UNSETTLED))
    return session.execute(
        select(Sweep.public_id)
        .where(Sweep.source == source, Sweep.pool.startswith(pool_prefix, autoescape=True), Sweep.id.in_(left))
        .order_by(Sweep.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _rows(session: Session, rows: Sequence[Sweep]) -> list[SweepRow]:
    counts: dict[int, dict[str, int]] = {sweep.id: {} for sweep in rows}
    grouped = select(Job.sweep_id, Job.state, func.count()).where(Job.sweep_id.in_(counts))
    for sweep_id, state, count in session.execute(grouped.group_by(Job.sweep_id, Job.state)):
        counts[sweep_id][state] = count
    return [
        SweepRow(sweep.public_id, sweep.name, sweep.created_at, sweep.priority, sweep.labels, counts[sweep.id])
        for sweep in rows
    ]
