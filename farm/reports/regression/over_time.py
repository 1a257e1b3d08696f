"""Changes over time: the first result after each, how far the figures moved, and what else changed with it."""

import shlex
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.metrics import METRICS
from farm.queries.changes import LEAST
from farm.queries.question import Question, asked
from farm.queries.series import Point, all_series
from farm.queries.trend import Change, Trend, find_changes
from farm.reports.chart import Axis, Chart, Drawn, Mark, Series
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds._asked import options_of, words_of
from farm.reports.regression.parts import RATIO, SINCE, ratio_cells
from farm.reports.units import shown

CELL: Final = (Column("change", "Change", badges=True), Column("cell", "Cell"), Column("machine", "Machine"))
CHANGED: Final = (
    *RATIO,
    *SINCE,
    Column("last_before", "Last before"),
    Column("first_after", "First after"),
    Column("at", "Since (UTC)"),
    Column("note", "Acknowledged"),
)
HISTORY: Final = (Column("result", "Result"), Column("at", "Finished (UTC)"))
DIFFERS: Final = (Column("what", "What"), Column("before", "Before"), Column("after", "After"))
NOTE: Final = (
    "Ratio is after over before, from raw samples, each result one unit, with its 95 % interval; p is the chance of "
    "such a change in a history whose order means nothing. Only real and undoubted results are part of a history."
)
PICTURED: Final = 8  # changes with a section of their own
AROUND: Final = 30  # results drawn on each side of a change


def build(session: Session, question: Question, *, metrics: Sequence[str], effect: float) -> Document:
    """Look for changes in the histories that the filters let through.

    Raises: UnknownName where no history is long enough.
    """
    which = asked(session, question)
    found = find_changes(session, which, metrics=metrics, effect=effect)
    if not found.histories:
        raise UnknownName(
            f"no history of {LEAST} results or more to look for changes in ({found.too_short} shorter ones); to "
            "compare two sides write: farm report regression FIRST SECOND"
        )
    words = [*options_of(question), *(word for metric in metrics for word in ("--metric", metric))]
    command = shlex.join(["farm", "trend", *words, "--threshold", f"{effect:g}"])
    ordered = sorted(found.changes, key=lambda change: (not change.worse, change.note is not None))
    sections = [Section("Changes", _short(found), tuple(_tables(ordered, command)))]
    points = _points(session, which, ordered[:PICTURED])
    sections += [_section(change, points[change.metric, change.result], command) for change in ordered[:PICTURED]]
    told = words_of(question)
    return Document(f"Changes over time: {told}" if told else "Changes over time", tuple(sections))


def _short(found: Trend) -> tuple[str, ...]:
    worse = sum(change.worse for change in found.changes)
    noted = worse - found.regressions()
    acknowledged = f" ({noted} acknowledged)" if noted else ""
    short = f"; {found.too_short} more are too short to tell, below {LEAST} results" if found.too_short else ""
    counts = f"{worse} for the worse{acknowledged}, {len(found.changes) - worse} for the better"
    return (f"{len(found.changes)} changes in {found.histories} histories: {counts}{short}.",)


def _tables(changes: Sequence[Change], command: str) -> list[Table]:
    """Write the changes, each metric in a table of its own unit."""
    tables = []
    for name in dict.fromkeys(change.metric for change in changes):
        metric = METRICS[name]
        sides = (Column("before", f"{metric.title} before", metric.unit), Column("after", "after", metric.unit))
        rows = tuple(_row(change) for change in changes if change.metric == name)
        tables.append(Table((*CELL, *sides, *CHANGED), rows, NOTE, command))
    return tables


def _row(change: Change) -> tuple[Cell, ...]:
    return (
        *(change.answer(), change.cell, change.machine, change.before, change.after),
        *(*ratio_cells(change.ratio), change.p, change.points),
        *(change.last_before, change.result, f"{change.at:%Y-%m-%d %H:%M}", change.note),
    )


def _points(
    session: Session, which: Sequence[ColumnElement[bool]], changes: Sequence[Change]
) -> dict[tuple[str, str], list[Point]]:
    """Give the results around each change, by metric and its first result."""
    found: dict[tuple[str, str], list[Point]] = {}
    for metric in dict.fromkeys(change.metric for change in changes):
        for series in all_series(session, which, metric=metric, least=LEAST):
            places = {point.attempt: place for place, point in enumerate(series.points)}
            for change in changes:
                if change.metric == metric and change.result in places:
                    place = places[change.result]
                    found[metric, change.result] = list(series.points[max(0, place - AROUND) : place + AROUND])
    return found


def _section(change: Change, points: Sequence[Point], command: str) -> Section:
    unit, ratio = METRICS[change.metric].unit, change.ratio
    words = (
        f"{change.answer().capitalize()} since {change.at:%Y-%m-%d %H:%M} UTC: {METRICS[change.metric].title.lower()} "
        f"{shown(change.before, unit)} → {shown(change.after, unit)}, {ratio.ratio:.2f}× (95 % {ratio.low:.2f} to "
        f"{ratio.high:.2f}×). First result after it: {change.result}; last before: {change.last_before}."
    )
    differs = tuple(tuple(each) for each in change.differs)
    nothing = () if differs else ("Nothing else that is recorded changed with it.",)
    columns = (*HISTORY, Column("median", METRICS[change.metric].title, unit), Column("side", "Side"))
    place = next(place for place, point in enumerate(points) if point.attempt == change.result)
    history = tuple(
        (point.attempt, f"{point.finished_at:%Y-%m-%d %H:%M}", point.median, "after" if number >= place else "before")
        for number, point in enumerate(points)
    )
    tables = (
        *([Table(DIFFERS, differs, "What else changed with it.", command)] if differs else []),
        Table(columns, history, "", command),
    )
    return Section(f"{change.cell} @ {change.machine}", (words, *nothing), tables, (_chart(change, points, place),))


def _chart(change: Change, points: Sequence[Point], place: int) -> Chart:
    metric = METRICS[change.metric]
    marks = [Mark(number + 1, point.median) for number, point in enumerate(points)]
    levels = ((change.before, 1, place), (change.after, place + 1, len(points)))
    lines = tuple(
        Series("level", (Mark(start, level), Mark(end, level)), Drawn.LINE, -1) for level, start, end in levels
    )
    dots = (
        Series("before", tuple(marks[:place]), colour=0),
        Series("after", tuple(marks[place:]), colour=1),
    )
    tells = (
        f"{len(points)} results in the order they were made; from number {place + 1} ({change.result}) on the "
        f"{metric.title.lower()} is {change.ratio.ratio:.2f} times what it was."
    )
    return Chart(
        f"{change.cell} @ {change.machine}: {metric.title.lower()}",
        tells,
        Axis("Result, in the order they were made", "1"),
        Axis(metric.title, metric.unit),
        (*lines, *dots),
    )
