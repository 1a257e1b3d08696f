"""What changed over time: every change of every history, the first result after it, and what else changed with it.

In: conditions on results. Out: changes, the latest first; what people acknowledged stays marked as such.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from farm.contract.annotations import AnnotationKind
from farm.contract.job import JobSpec
from farm.contract.metrics import METRICS
from farm.database import tables
from farm.queries.changes import EFFECT, FALSE_ALARMS, LEAST, change_points
from farm.queries.compare import Answer
from farm.queries.differences import Difference, differences
from farm.queries.observations import samples_of
from farm.queries.ratios import Ratio, ratio_of, spread_of
from farm.queries.series import Point, Series, all_series

#: An acknowledgement holds for a change as many points away: later results may move its place a little.
NEAR: Final = 2


class Change(NamedTuple):
    """One change of one history; medians in the metric's unit, the ratio is after over before, from raw samples."""

    result: str  # the first after the change
    last_before: str
    at: datetime
    cell: str
    machine: str
    metric: str
    before: float
    after: float
    ratio: Ratio
    p: float
    worse: bool
    points: int  # results since the change, up to the next one
    differs: tuple[Difference, ...]
    note: str | None  # of the acknowledgement

    def answer(self) -> Answer:
        """Say what the change made of the work."""
        return Answer.SLOWER if self.worse else Answer.FASTER


class Trend(NamedTuple):
    """All changes, in how many histories they were looked for, and how many were too short for that."""

    changes: tuple[Change, ...]
    histories: int
    too_short: int

    def regressions(self) -> int:
        """Count the changes for the worse that nobody acknowledged."""
        return sum(change.worse and change.note is None for change in self.changes)


class NullTrend(NamedTuple):
    """Histories in which nothing is known to have changed, and how many of them gave an alarm."""

    histories: int
    points: int
    alarms: int


def find_changes(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    *,
    metrics: Sequence[str],
    effect: float = EFFECT,
    false_alarms: float = FALSE_ALARMS,
) -> Trend:
    """Look for changes in every history that is long enough."""
    found: list[Change] = []
    histories = too_short = 0
    for metric in metrics:
        for series in all_series(session, conditions, metric=metric, least=1):
            if len(series.points) < LEAST:
                too_short += 1
                continue
            histories += 1
            found += _changes(session, series, metric, effect=effect, false_alarms=false_alarms)
    return Trend(tuple(sorted(found, key=lambda change: change.at, reverse=True)), histories, too_short)


def null_trend(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    *,
    metrics: Sequence[str],
    effect: float = EFFECT,
    false_alarms: float = FALSE_ALARMS,
) -> NullTrend:
    """Look for changes where the same work ran on the same machine with the same software: all are false alarms."""
    lengths, alarms = [], 0
    for metric in metrics:
        for series in all_series(session, conditions, metric=metric, least=LEAST):
            for points in _alike(series.points):
                lengths.append(len(points))
                figures = [point.median for point in points]
                alarms += bool(change_points(figures, effect=effect, false_alarms=false_alarms))
    return NullTrend(len(lengths), sum(lengths), alarms)


def _alike(points: Sequence[Point]) -> list[list[Point]]:
    """Part the points of a history by environment; those of too few points are left out."""
    parts: dict[int, list[Point]] = {}
    for point in points:
        parts.setdefault(point.environment_id, []).append(point)
    return [part for part in parts.values() if len(part) >= LEAST]


def _changes(session: Session, series: Series, metric: str, *, effect: float, false_alarms: float) -> list[Change]:
    points = series.points
    places = change_points([point.median for point in points], effect=effect, false_alarms=false_alarms)
    if not places:
        return []
    spec = session.execute(select(tables.Job.spec).where(tables.Job.id == series.job_id)).scalar_one()
    notes = _notes(session, [point.attempt_id for point in points])
    edges = [0, *(found.place for found in places), len(points)]
    turns = [(points[found.place - 1].attempt_id, points[found.place].attempt_id) for found in places]
    changes = []
    for found, start, end, differs in zip(places, edges[:-2], edges[2:], differences(session, turns), strict=True):
        first, last_before = points[found.place], points[found.place - 1]
        near = points[max(0, found.place - NEAR) : found.place + NEAR + 1]
        changes.append(
            Change(
                result=first.attempt,
                last_before=last_before.attempt,
                at=first.finished_at,
                cell=JobSpec.model_validate(spec).cell(),
                machine=series.machine,
                metric=metric,
                before=found.before,
                after=found.after,
                ratio=_ratio(session, points[start : found.place], points[found.place : end], metric),
                p=found.p,
                worse=(found.after > found.before) == (METRICS[metric].better == "lower"),
                points=end - found.place,
                differs=tuple(differs),
                note=next((notes[point.attempt_id] for point in near if point.attempt_id in notes), None),
            )
        )
    return changes


def _ratio(session: Session, before: Sequence[Point], after: Sequence[Point], metric: str) -> Ratio:
    """Compare what came before and after by the raw samples; each result is one unit."""
    samples = samples_of(session, [point.attempt_id for point in (*before, *after)], [metric])
    sides = [[samples[point.attempt_id][metric] for point in side] for side in (before, after)]
    return ratio_of(*sides, spread=spread_of(sides))


def _notes(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        select(tables.Annotation.attempt_id, tables.Annotation.author, tables.Annotation.note)
        .where(tables.Annotation.attempt_id.in_(ids), tables.Annotation.kind == AnnotationKind.ACKNOWLEDGED)
        .order_by(tables.Annotation.id)
    )
    return {row.attempt_id: f"{row.note} ({row.author})" for row in rows}
