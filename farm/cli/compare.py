"""Say whether one side is faster or slower than another, cell by cell, and how sure that is.

Examples:
  farm compare commit=abc123 commit=def456
  farm compare k3m9x2p7qa last --metric latency --metric time_to_first_token
  farm compare platform=cpu,name=nightly platform=openvino,name=nightly
  farm compare 2026-01-01..2026-01-31 7d.. --threshold 0.03 --format markdown
"""

from typing import Annotated, Final

import typer

from farm.cli.console import say
from farm.cli.listing import show_parts, table_of
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, settings_with
from farm.cli.speeds import speeds
from farm.contract.metrics import METRICS
from farm.database.engine import read
from farm.queries.compare import DEFAULT_THRESHOLD, Answer, Comparison, Line, compare
from farm.queries.sides import side_of
from farm.reports.document import Cell, Column, Document, Section
from farm.reports.formats import render
from farm.reports.regression.parts import RATIO, SURE, UNMATCHED, note_of, ratio_cells, sure_cells, words_of
from farm.reports.units import shown

COLUMNS: Final = (
    Column("answer", "Second side is"),
    Column("cell", "Cell"),
    Column("machine", "Machine"),
    Column("metric", "Metric"),
    Column("first", "First", "si"),
    Column("second", "Second", "si"),
    Column("unit", "Unit"),
    *RATIO,
    *SURE,
    Column("note", "Note"),
)
FOR_PROGRAMS: Final = ("unit", "q")  # people see the figures with their units
SUMMARY: Final = (Column("fact", "Fact"), Column("value", "Value"))

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("compare")
def compare_(
    first: Annotated[str, typer.Argument(metavar="FIRST")],
    second: Annotated[str, typer.Argument(metavar="SECOND")],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A time or a rate; may be given again. `all`: every one. [default: latency]"),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.001, max=10.0, help="A smaller difference, as a share, counts as none.")
    ] = DEFAULT_THRESHOLD,
    doubtful: Annotated[bool, typer.Option("--doubtful", help="Compare doubted results too.")] = False,
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Compare two sides cell by cell; the exit code is 1 when the second is slower anywhere.

    A side is a sweep (id, name, `last`), a label as commit=abc123, machine=NAME, platform=NAME or another filter of
    `farm results`, a stretch of time as 2026-01-01..2026-01-31 or 7d.., or several of these with commas between them.
    Cells match when all that was run and the kind of machine are the same; what both sides name may differ.
    """
    metrics = speeds(metric)
    with read(opened(settings_with(db))) as session:
        sides = side_of(session, first), side_of(session, second)
        found = compare(session, *sides, metrics=metrics, threshold=threshold, doubtful=doubtful)
    _show(found, (first, second), threshold, form)
    raise typer.Exit(int(bool(found.counts[Answer.SLOWER])))


def _show(found: Comparison, sides: tuple[str, str], threshold: float, form: Format) -> None:
    lines = sorted(found.lines, key=lambda line: list(Answer).index(line.answer))
    unmatched = table_of(UNMATCHED, found.unmatched)
    if form in (Format.JSON, Format.CSV):
        summary = table_of(SUMMARY, _facts(found, sides, threshold))
        table = table_of(COLUMNS, [_row(line) for line in lines])
        show_parts({"summary": summary, "lines": table, "unmatched": unmatched}, form, csv="lines")
        return
    shown_columns = [place for place, column in enumerate(COLUMNS) if column.key not in FOR_PROGRAMS]
    rows = [_with_units(_row(line), METRICS[line.metric].unit) for line in lines]
    table = table_of([COLUMNS[i] for i in shown_columns], [[row[i] for i in shown_columns] for row in rows])
    sections = [Section("", _words(found, sides, threshold), (table,))]
    if found.unmatched:
        sections.append(Section("Not compared", (), (unmatched,)))
    say(render(Document("", tuple(sections)), form).rstrip("\n"))


def _row(line: Line) -> tuple[Cell, ...]:
    return (
        line.answer.value,
        line.cell,
        line.machine,
        line.metric,
        line.first,
        line.second,
        METRICS[line.metric].unit,
        *ratio_cells(line.ratio),
        *sure_cells(line),
        note_of(line),
    )


def _with_units(row: tuple[Cell, ...], unit: str) -> tuple[Cell, ...]:
    figures = {place for place, column in enumerate(COLUMNS) if column.key in ("first", "second")}
    return tuple(shown(cell, unit) if place in figures else cell for place, cell in enumerate(row))


def _facts(found: Comparison, sides: tuple[str, str], threshold: float) -> list[tuple[str, Cell]]:
    return [
        ("first", sides[0]),
        ("second", sides[1]),
        ("threshold", threshold),
        ("across", ", ".join(found.across)),
        *((answer.value, found.counts[answer]) for answer in Answer),
        *((f"left out of {side}: {why}", n) for side, whys in found.left_out.items() for why, n in whys.items()),
    ]


def _words(found: Comparison, sides: tuple[str, str], threshold: float) -> tuple[str, ...]:
    told = ", ".join(f"{found.counts[answer]} {answer.value}" for answer in Answer if found.counts[answer])
    first, *others = words_of(found, threshold)
    return f"{sides[1]} against {sides[0]}: {told}. {first}", *others
