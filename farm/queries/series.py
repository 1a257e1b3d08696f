"""Histories: one metric's medians of all results of the same work on the same machine, in the order they were made."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from farm.contract.evidence import FAKE, Verdict
from farm.database import tables
from farm.queries.keys import results

DOUBTED: Final = select(tables.Doubt.attempt_id)


class Point(NamedTuple):
    """One result of a history, with its median in the metric's unit."""

    attempt_id: int
    attempt: str
    finished_at: datetime
    environment_id: int
    median: float


class Series(NamedTuple):
    """One history, the oldest point first."""

    fingerprint: str
    machine_id: int
    machine: str
    job_id: int  # one of its jobs: all are the same work
    points: tuple[Point, ...]


def all_series(session: Session, conditions: Sequence[ColumnElement[bool]], *, metric: str, least: int) -> list[Series]:
    """Give the histories of at least so many real, undoubted results that the conditions let through."""
    columns = (tables.Attempt.id, tables.Attempt.public_id, tables.Attempt.finished_at, tables.Attempt.environment_id)
    beside = (tables.Attempt.machine_id, tables.Machine.name, tables.Job.fingerprint, tables.Attempt.job_id)
    sound = (tables.Attempt.verdict == Verdict.REAL, tables.Job.platform != FAKE, tables.Attempt.id.not_in(DOUBTED))
    rows = session.execute(
        results(*columns, *beside, tables.Measurement.median, conditions=(*sound, *conditions))
        .join(tables.Measurement, tables.Measurement.attempt_id == tables.Attempt.id)
        .where(tables.Measurement.metric == metric, tables.Measurement.median > 0)
        .order_by(tables.Attempt.finished_at, tables.Attempt.id)
    )
    found = defaultdict(list)
    for row in rows:
        found[row.fingerprint, row.machine_id].append(row)
    return [
        Series(
            fingerprint,
            machine_id,
            alike[0].name,
            alike[0].job_id,
            tuple(Point(row.id, row.public_id, row.finished_at, row.environment_id, row.median) for row in alike),
        )
        for (fingerprint, machine_id), alike in found.items()
        if len(alike) >= least
    ]
