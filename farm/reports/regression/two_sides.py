"""Two sides compared: what is slower and faster with its interval, the first result of it, and what else differs."""

import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from farm.contract.metrics import METRICS
from farm.queries.compare import Answer, Comparison, Line, compare
from farm.queries.sides import Side, side_of
from farm.queries.turning import Turn, changed, turns
from farm.reports.chart import Axis, Chart, rows_chart
from farm.reports.chart import Line as Drawn
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.regression.parts import RATIO, SURE, UNMATCHED, note_of, ratio_cells, sure_cells, words_of
from farm.reports.units import shown

CELL: Final = (Column("cell", "Cell"), Column("machine", "Machine"))
COMPARED: Final = (
    *RATIO,
    *SURE,
    Column("last_before", "Last before"),
    Column("first_after", "First after"),
    Column("note", "Note"),
)
DIFFERS: Final = (
    Column("what", "What"),
    Column("before", "Before"),
    Column("after", "After"),
    Column("cells", "Cells", "1"),
    Column("answers", "Which are", badges=True),
)
TITLES: Final = {
    Answer.SLOWER: "Slower",
    Answer.FASTER: "Faster",
    Answer.UNKNOWN: "Can't tell",
    Answer.SAME: "The same",
}
NOTE: Final = (
    "Ratio is the second side's median over the first's, from the raw samples of all runs, with its 95 % interval by "
    "bootstrap over runs; q is the least share of false discoveries at which the line would be told apart (Benjamini "
    "and Hochberg). Runs are what was resampled: results, or processes where there are fewer than three."
)
NAMED: Final = 5  # lines told in words


class _Told(NamedTuple):
    """A comparison and how it was asked for."""

    found: Comparison
    sides: tuple[Side, Side]
    threshold: float
    turns: dict[tuple[str, str], Turn]
    command: str


def build(session: Session, first: str, second: str, *, metrics: Sequence[str], threshold: float) -> Document:
    """Compare two sides.

    Raises: UserMistake where they have nothing in common, UnknownName for a side that is none.
    """
    sides = side_of(session, first), side_of(session, second)
    found = compare(session, *sides, metrics=metrics, threshold=threshold)
    words = ["farm", "compare", first, second, *(word for metric in metrics for word in ("--metric", metric))]
    command = shlex.join([*words, "--threshold", f"{threshold:g}"])
    told = _Told(found, sides, threshold, turns(session, sides, across=found.across), command)
    sections = [_short(told), *(_lines(told, answer) for answer in TITLES if found.counts[answer])]
    sections += [*_circumstances(session, told), *_unmatched(told), _method(told)]
    return Document(f"{second} against {first}", tuple(sections))


def _short(told: _Told) -> Section:
    counts = told.found.counts
    words = ", ".join(f"{counts[answer]} {answer.value}" for answer in Answer if counts[answer])
    paragraphs = [f"{len(told.found.lines)} comparisons: {words}."]
    for answer in (Answer.SLOWER, Answer.FASTER):
        lines = _sorted(told.found.lines, answer)
        paragraphs += [_sentence(line, told) for line in lines[:NAMED]]
        if len(lines) > NAMED:
            paragraphs.append(f"{len(lines) - NAMED} more are {answer.value}.")
    if not counts[Answer.SLOWER]:
        open_ = counts[Answer.UNKNOWN]
        paragraphs.append(
            "Nothing became slower for sure"
            + (f"; {open_} cannot be told yet." if open_ else ", and all could be told.")
        )
    return Section("In short", tuple(paragraphs), (), ())


def _sentence(line: Line, told: _Told) -> str:
    unit, ratio = METRICS[line.metric].unit, line.ratio
    turn = told.turns.get((line.cell, line.machine))
    since = f" First seen in result {turn.after}; the last before it is {turn.before}." if turn else ""
    return (
        f"{line.answer.value.capitalize()}: {line.cell} on {line.machine}, {METRICS[line.metric].title.lower()} "
        f"{shown(line.first, unit)} → {shown(line.second, unit)}, {ratio.ratio:.2f}× (95 % {ratio.low:.2f} to "
        f"{ratio.high:.2f}×).{since}"
    )


def _lines(told: _Told, answer: Answer) -> Section:
    """Write the lines of one answer, each metric in a table of its own unit."""
    lines = _sorted(told.found.lines, answer)
    tables, charts = [], []
    for metric in dict.fromkeys(line.metric for line in lines):
        alike, known = [line for line in lines if line.metric == metric], METRICS[metric]
        sides = (Column("first", f"{known.title} first", known.unit), Column("second", "second", known.unit))
        columns = (*CELL, *sides, *COMPARED)
        tables.append(Table(columns, tuple(_row(line, told) for line in alike), "", told.command))
        charts.append(_chart(alike, answer, told))
    return Section(TITLES[answer], (), tuple(tables), tuple(charts))


def _sorted(lines: Sequence[Line], answer: Answer) -> list[Line]:
    """Order lines by how far the sides are apart."""
    alike = [line for line in lines if line.answer is answer]
    return sorted(alike, key=lambda line: -max(line.ratio.ratio, 1 / line.ratio.ratio))


def _row(line: Line, told: _Told) -> tuple[Cell, ...]:
    turn = told.turns.get((line.cell, line.machine))
    return (
        *(line.cell, line.machine, line.first, line.second),
        *(*ratio_cells(line.ratio), *sure_cells(line)),
        *(turn if turn else (None, None)),
        note_of(line),
    )


def _chart(lines: Sequence[Line], answer: Answer, told: _Told) -> Chart:
    title = METRICS[lines[0].metric].title.lower()
    first, second = (side.text for side in told.sides)
    drawn = tuple(
        Drawn(
            f"{line.cell} @ {line.machine}",
            *(line.ratio.ratio, line.ratio.low, line.ratio.high),
            title,
            shown(line.ratio.ratio, "x"),
        )
        for line in lines
    )
    tells = f"The ratio of {second} to {first} for {len(lines)} comparisons with 95 % intervals; equal is 1×."
    axis = Axis("Ratio of the second side to the first", "x", log=True)
    name = f"{TITLES[answer]}: {title}, second over first"
    return rows_chart(name, drawn, x=axis, tells=tells, order=(title,), reference=1.0)


def _circumstances(session: Session, told: _Told) -> list[Section]:
    """List what else differs between the last result before and the first one after, by how many cells it is of."""
    cells: dict[tuple[str, str | None, str | None], dict[tuple[str, str], Answer]] = {}
    answers = {(line.cell, line.machine): line.answer for line in told.found.lines}
    compared = {key: turn for key, turn in told.turns.items() if key in answers}
    for key, differs in zip(compared, changed(session, [*compared.values()]), strict=True):
        for each in differs:
            cells.setdefault((each.what, each.before, each.after), {})[key] = answers[key]
    rows = tuple(
        (*what, len(found), ", ".join(sorted({answer.value for answer in found.values()})))
        for what, found in sorted(cells.items(), key=lambda item: -len(item[1]))
    )
    if not rows:
        return [
            Section("What else differs", ("Nothing that is recorded: the same software, machine, labels and options.",))
        ]
    note = "Between the last result of the first side and the first one of the second, of how many cells."
    return [Section("What else differs", (), (Table(DIFFERS, rows, note, told.command),))]


def _unmatched(told: _Told) -> list[Section]:
    rows = tuple(tuple(each) for each in told.found.unmatched)
    return [Section("Not compared", (), (Table(UNMATCHED, rows, "", told.command),))] if rows else []


def _method(told: _Told) -> Section:
    return Section("Method", (NOTE, *words_of(told.found, told.threshold)))
