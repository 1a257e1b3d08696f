"""The duty cycle: how much of the wall time of a sweep, and of each attempt, was spent in timed loops."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.contract.states import AttemptState
from farm.database import tables

#: The time of whole loops, which scenarios with waits or searches tell; else the samples that are the timed calls.
LOOPS: Final = "loop_time"
CALLS: Final = "latency"
LOADING: Final = "load_time"
#: Where an attempt's facts keep the seconds of its evidence.
PROVING: Final = ("stages", "prove")
MEANING: Final = "The duty cycle is the share of the sweep's wall time that was spent in timed calls."


class AttemptTime(NamedTuple):
    """Where the wall time of one measured attempt went. Times in seconds, over all repeats."""

    attempt: str
    started_at: datetime
    finished_at: datetime
    loading: float
    measured: float
    proving: float | None  # gathering evidence; None for attempts that did not keep it

    def wall(self) -> float:
        """Give the time from claim to settled."""
        return (self.finished_at - self.started_at).total_seconds()

    def beyond(self) -> float:
        """Give what the farm took beside loading and measuring."""
        return self.wall() - self.loading - self.measured

    def share(self) -> float:
        """Give the share of the wall time that was measuring; 0 where no time passed."""
        return self.measured / self.wall() if self.wall() > 0 else 0.0


class Duty(NamedTuple):
    """The time of a sweep's measured attempts, and of all the sweep: from the first start to the last finish."""

    wall: float
    attempts: tuple[AttemptTime, ...]

    def measured(self) -> float:
        """Sum the seconds of all timed loops."""
        return sum(attempt.measured for attempt in self.attempts)

    def share(self) -> float | None:
        """Give the duty cycle of the sweep, above 1 where machines measured at once; None before anything ended."""
        return self.measured() / self.wall if self.wall > 0 else None

    def proving_share(self) -> float | None:
        """Give the share of the attempts' own time that evidence took; None where it was not kept."""
        known = [(attempt.proving, attempt.wall()) for attempt in self.attempts if attempt.proving is not None]
        wall = sum(each for _, each in known)
        return sum(proving for proving, _ in known) / wall if wall > 0 else None

    def words(self) -> str:
        """Say both in a sentence; nothing before anything ended."""
        share, proving = self.share(), self.proving_share()
        if share is None:
            return ""
        told = f"Duty cycle {share * 100:.0f} %: of {self.wall:,.1f} s from the first start to the last finish, "
        told += f"{self.measured():,.1f} s were timed calls."
        return told + ("" if proving is None else f" Evidence took {proving * 100:.0f} % of the time of the jobs.")


def duty_of(session: Session, sweep: str) -> Duty:
    """Look where the time of a sweep went, by its public id."""
    here = tables.Job.sweep_id == select(tables.Sweep.id).where(tables.Sweep.public_id == sweep).scalar_subquery()
    ended = session.execute(
        select(tables.Attempt.id, tables.Attempt.public_id, tables.Attempt.state)
        .add_columns(tables.Attempt.started_at, tables.Attempt.finished_at)
        .add_columns(tables.Attempt.facts[PROVING].as_float().label("proving"))
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
        .where(here, tables.Attempt.finished_at.is_not(None))
        .order_by(tables.Attempt.id)
    ).all()
    seconds = {
        (row.attempt_id, row.metric): row.mean * row.n
        for row in session.execute(
            select(tables.Measurement.attempt_id, tables.Measurement.metric)
            .add_columns(tables.Measurement.mean, tables.Measurement.n)
            .join(tables.Attempt, tables.Attempt.id == tables.Measurement.attempt_id)
            .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
            .where(here, tables.Measurement.metric.in_((LOOPS, CALLS, LOADING)))
        )
    }
    times = tuple(
        AttemptTime(
            attempt=row.public_id,
            started_at=row.started_at,
            finished_at=row.finished_at,
            loading=seconds.get((row.id, LOADING), 0.0),
            measured=seconds.get((row.id, LOOPS), seconds.get((row.id, CALLS), 0.0)),
            proving=row.proving,
        )
        for row in ended
        if row.state in (AttemptState.DONE, AttemptState.DOUBTED)
    )
    return Duty(_wall([(row.started_at, row.finished_at) for row in ended]), times)


def _wall(stretches: Sequence[tuple[datetime, datetime]]) -> float:
    if not stretches:
        return 0.0
    began, ended = min(start for start, _ in stretches), max(end for _, end in stretches)
    return (ended - began).total_seconds()
