"""What has added up since the farm began, for whoever watches how it grows; and how long attempts take at present."""

from collections import defaultdict
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database.engine import now
from farm.database.tables import Attempt, Doubt, Job

PRESENT: Final = timedelta(hours=1)
MOST: Final = 10_000  # attempts whose times are read; the latest


class Totals(NamedTuple):
    """Attempts by state, doubts by kind, and by platform the seconds of attempts that ended within the last hour."""

    attempts: dict[str, int]
    doubts: dict[str, int]
    seconds: dict[str, tuple[float, ...]]


def totals(session: Session) -> Totals:
    """Count."""
    attempts = session.execute(select(Attempt.state, func.count().label("number")).group_by(Attempt.state))
    doubts = session.execute(select(Doubt.kind, func.count().label("number")).group_by(Doubt.kind))
    return Totals(
        attempts={row.state: row.number for row in attempts},
        doubts={row.kind: row.number for row in doubts},
        seconds=_seconds(session),
    )


def _seconds(session: Session) -> dict[str, tuple[float, ...]]:
    ended = session.execute(
        select(Job.platform, Attempt.started_at, Attempt.finished_at)
        .join(Job, Job.id == Attempt.job_id)
        .where(Attempt.finished_at > now(session) - PRESENT)
        .order_by(Attempt.finished_at.desc())
        .limit(MOST)
    )
    found: dict[str, list[float]] = defaultdict(list)
    for row in ended:
        found[row.platform].append((row.finished_at - row.started_at).total_seconds())
    return {platform: tuple(sorted(seconds)) for platform, seconds in found.items()}
