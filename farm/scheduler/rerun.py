"""A doubtful result is measured once more, where its sweep asks for that; then the two say whose fault it was.

The first attempt keeps everything it brought and stands as `doubted`: no result while the second decides.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from farm.contract.doubts import DoubtKind
from farm.contract.result import Result
from farm.contract.states import AttemptState
from farm.database import tables

#: What two results are compared by: the first of these that the second one has. What was searched may have been found
#: at another batch or rate, so that the times of its calls say nothing.
METRICS: Final = ("highest_rate", "server_latency", "sustained_throughput", "latency")
AGREE: Final = 0.05  # relative difference of two medians below which they agree, however narrow their intervals are
#: Doubts that another run cannot lift: the operator chose the one, the sweep the other.
LASTING: Final = frozenset({DoubtKind.SHARED_HOST, DoubtKind.OVERLOADED})


class RerunOutcome(StrEnum):
    """What a re-run says of the doubtful result before it."""

    MACHINE = "machine"  # the re-run is clean and differs: the machine's fault
    REAL = "real"  # the re-run agrees
    OPEN = "open"  # the re-run is doubtful too and differs, or brought nothing to compare


class Doubted(NamedTuple):
    """The attempt that was put aside."""

    attempt_id: int
    public_id: str


def asked(session: Session, job_id: int, result: Result) -> bool:
    """Say whether this result is doubtful in a way that its sweep wants measured once more."""
    if not liftable(result):
        return False
    of_job = select(tables.Job.sweep_id).where(tables.Job.id == job_id).scalar_subquery()
    plan = session.execute(select(tables.Sweep.plan).where(tables.Sweep.id == of_job)).scalar_one()
    return bool(plan.get("rerun_doubtful"))


def liftable(result: Result) -> bool:
    """Say whether a result has a doubt that another run could lift."""
    return any(doubt.kind not in LASTING for doubt in result.doubts)


def put_aside(session: Session, attempt_id: int) -> None:
    """Let an attempt that is done wait for the re-run's word."""
    _state(session, attempt_id, before=AttemptState.DONE, after=AttemptState.DOUBTED)


def doubted(session: Session, job_id: int) -> Doubted | None:
    """Give the attempt of a job that was put aside; None where there is none."""
    which = (tables.Attempt.job_id == job_id) & (tables.Attempt.state == AttemptState.DOUBTED)
    found = session.execute(select(tables.Attempt.id, tables.Attempt.public_id).where(which)).one_or_none()
    return None if found is None else Doubted(found.id, found.public_id)


def decide(session: Session, first: Doubted, second: Result) -> dict[str, JsonValue]:
    """Compare a re-run with the doubtful result before it; give the outcome with its figures, as facts."""
    measured = {each.metric: each.statistics for each in second.measurements}
    metric = next((metric for metric in METRICS if metric in measured), METRICS[0])
    after = measured.get(metric)
    here = (tables.Measurement.attempt_id == first.attempt_id) & (tables.Measurement.metric == metric)
    before = session.execute(select(tables.Measurement).where(here)).scalar_one_or_none()
    told: dict[str, JsonValue] = {"outcome": RerunOutcome.OPEN, "first_attempt": first.public_id}
    if before is None or after is None:
        return told
    difference = (after.median - before.median) / before.median if before.median else 0.0
    apart = _apart((before.ci_low, before.ci_high), (after.ci_low, after.ci_high))
    outcome = RerunOutcome.OPEN if liftable(second) else RerunOutcome.MACHINE
    if abs(difference) <= AGREE or not apart:
        outcome = RerunOutcome.REAL
    return told | {"outcome": outcome, "relative_difference": difference}


def fall_back(session: Session, job_id: int) -> bool:
    """Let the doubtful result stand after all, because the re-run brought none; False where there is none."""
    first = doubted(session, job_id)
    if first is None:
        return False
    _state(session, first.attempt_id, before=AttemptState.DOUBTED, after=AttemptState.DONE)
    return True


def _apart(one: tuple[float | None, float | None], other: tuple[float | None, float | None]) -> bool:
    """Say whether two intervals do not meet; without both of them, nothing makes up for a difference."""
    if one[0] is None or one[1] is None or other[0] is None or other[1] is None:
        return True
    return one[1] < other[0] or other[1] < one[0]


def _state(session: Session, attempt_id: int, *, before: AttemptState, after: AttemptState) -> None:
    session.execute(
        update(tables.Attempt)
        .where(tables.Attempt.id == attempt_id, tables.Attempt.state == before)
        .values(state=after)
        .execution_options(synchronize_session=False)
    )
