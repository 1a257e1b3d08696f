"""One metric of many results, with what they can be put together by; reads little of each, and the work only once."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.contract.evidence import FAKE, Verdict
from farm.contract.job import JobSpec
from farm.database import tables
from farm.queries.keys import NEWEST, Conditions, results
from farm.queries.parts import batches, rows_of


class Figure(NamedTuple):
    """The median of one metric of one result; None where it has no such metric."""

    spec: JobSpec
    sweep: str
    machine: str
    verdict: str  # as it is told: `fake` for what the fake platform did
    doubted: bool
    sound: bool  # it may stand for others: real, and nothing in doubt unless doubts are allowed
    finished_at: datetime
    value: float | None


def find_figures(
    session: Session, conditions: Conditions, *, metric: str, limit: int, doubtful: bool = False
) -> list[Figure]:
    """Give a metric of the newest results that the conditions let through, the newest first."""
    attempt, measured = tables.Attempt, tables.Measurement
    of_attempt = (attempt.id, attempt.job_id, attempt.finished_at, attempt.verdict)
    chosen = (
        results(*of_attempt, tables.Job.fingerprint, tables.Sweep.public_id, tables.Machine.name, conditions=conditions)
        .add_columns(measured.median)
        .outerjoin(measured, (measured.attempt_id == attempt.id) & (measured.metric == metric))
        .order_by(NEWEST)
        .limit(limit)
    )
    rows = session.execute(chosen).all()
    if not rows:
        return []
    known = {row.fingerprint: row.job_id for row in rows}
    jobs = {
        key: job for batch in batches([*known.values()]) for key, job in rows_of(session, tables.Job, batch).items()
    }
    specs = {fingerprint: JobSpec.model_validate(jobs[key].spec) for fingerprint, key in known.items()}
    near = select(tables.Doubt.attempt_id).where(tables.Doubt.attempt_id.between(rows[-1].id, rows[0].id))
    doubted = set(session.execute(near).scalars())
    return [
        Figure(
            spec=(spec := specs[row.fingerprint]),
            sweep=row.public_id,
            machine=row.name,
            verdict=FAKE if spec.platform == FAKE else row.verdict,
            doubted=row.id in doubted,
            sound=spec.platform != FAKE and row.verdict == Verdict.REAL and (doubtful or row.id not in doubted),
            finished_at=row.finished_at,
            value=row.median,
        )
        for row in rows
    ]
