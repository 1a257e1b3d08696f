"""Which machine, platform and precision does each piece of work best; what cannot be told apart shares a place."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.metrics import METRICS
from farm.queries.bounds import RANKED_BY
from farm.queries.leaderboard import Board, Place, boards
from farm.reports.chart import Axis, Chart, Line, rows_chart
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds import Request
from farm.reports.kinds._asked import Asked, results_asked
from farm.reports.units import shown

WORDS: Final = "[SWEEP]"
TAKES: Final = ("question",)
RANKING: Final = tuple(name for names in RANKED_BY.values() for name in names)
READ: Final = tuple(dict.fromkeys((*RANKING, "throughput", "memory_growth")))
NOTE: Final = (
    "REAL results only, of each variant on each machine the newest undoubted one. A place is one more than the number "
    "of variants surely better, whose 95 % intervals do not meet. Doubted results have no place. Behind is how "
    "many times the first one's figure."
)
UNTOLD: Final = "–"
WIDE: Final = 8.0  # times the least, from which a scale is by ratios


def build(session: Session, request: Request) -> Document:
    """Rank the real results, of a sweep or of all that the filters let through.

    Raises: UnknownName where there is none.
    """
    asked = results_asked(session, request, metrics=READ)
    found = boards(asked.rows)
    if not found:
        raise UnknownName(f"none of {len(asked.rows)} results is REAL, so nothing is ranked; {asked.command()}")
    command = asked.command(verdict="real")
    return Document(
        f"Leaderboard: {asked.about}", (_summary(found, command), *(_section(board, asked) for board in found))
    )


def _summary(found: Sequence[Board], command: str) -> Section:
    """Say who has the first place how often."""
    columns = (
        Column("model", "Model"),
        Column("settings", "Settings"),
        Column("first", "In the first place"),
        Column("metric", "By"),
        Column("figure", "Best"),
        Column("variants", "Of", "1"),
    )
    cells = []
    for board in found:
        first = [place for place in board.places if place.place == 1]
        names = " · ".join(_name(place) for place in first) or UNTOLD
        best = shown(first[0].figure.figure, METRICS[board.metric].unit) if first else UNTOLD
        cells.append((board.model, board.settings, names, METRICS[board.metric].title, best, len(board.places)))
    told = sum(sum(place.place == 1 for place in board.places) == 1 for board in found)
    others = "" if told == len(found) else "; in the others the first cannot be told apart, or all are doubted"
    words = f"{told} of {len(found)} pieces of work have one winner{others}."
    return Section("First places", (words,), (Table(columns, tuple(cells), NOTE, command),))


def _section(board: Board, asked: Asked) -> Section:
    metric = METRICS[board.metric]
    columns: tuple[Column, ...] = (
        Column("place", "Place"),
        Column("platform", "Platform"),
        Column("precision", "Precision"),
        Column("options", "Options"),
        Column("machine", "Machine"),
        Column(board.metric, metric.title, metric.unit),
        Column("interval", "± (95 %)", "%"),
        Column("n", "n", "1"),
        Column("behind", "Behind", "x"),
        Column("memory_growth", "Memory", "bytes"),
        Column("results", "Results", "1"),
        Column("doubts", "Doubts", badges=True),
        Column("result", "Result"),
    )
    if not any(place.row.options for place in board.places):
        columns = tuple(column for column in columns if column.key != "options")
    cells = tuple(_cells(place, board, [column.key for column in columns]) for place in board.places)
    sort = f"-{board.metric}" if metric.better == "higher" else board.metric
    command = asked.command(verdict="real", model=board.model, scenario=board.places[0].row.scenario, sort=sort)
    table = Table(columns, cells, "", command)
    platforms = asked.platforms()
    charts = (_chart(board, platforms),) if len(board.places) > 1 else ()
    return Section(f"{board.model}: {board.settings}", (), (table,), charts)


def _cells(place: Place, board: Board, keys: Sequence[str]) -> tuple[Cell, ...]:
    row, half = place.row, place.figure.half()
    first = board.places[0].figure.figure
    ahead = METRICS[board.metric].better == "higher"
    cells: dict[str, Cell] = {
        "place": UNTOLD if place.place is None else str(place.place),
        "platform": row.platform,
        "precision": row.precision,
        "options": ", ".join(row.option_words()),
        "machine": row.machine,
        board.metric: place.figure.figure,
        "interval": None if half is None else half * 100,
        "n": place.figure.n,
        "behind": first / place.figure.figure if ahead else place.figure.figure / first,
        "memory_growth": row.median("memory_growth"),
        "results": place.results,
        "doubts": ", ".join(row.doubts),
        "result": row.attempt,
    }
    return tuple(cells[key] for key in keys)


def _chart(board: Board, platforms: tuple[str, ...]) -> Chart:
    metric = METRICS[board.metric]
    lines = tuple(
        Line(
            _name(place),
            place.figure.figure,
            place.figure.low,
            place.figure.high,
            place.row.platform,
            shown(place.figure.figure, metric.unit) + (" doubted" if place.row.doubts else ""),
        )
        for place in board.places
    )
    better = "shorter" if metric.better == "lower" and metric.unit == "s" else metric.better
    best = board.places[0]
    tells = (
        f"{metric.title} of {len(lines)} variants with 95 % intervals; {better} is better. Best: {_name(best)}, "
        f"{shown(best.figure.figure, metric.unit)}."
    )
    title = f"{board.model}, {board.settings}: {metric.title.lower()}, {better} is better"
    figures = [line.figure for line in lines]
    axis = Axis(metric.title, metric.unit, log=max(figures) > WIDE * min(figures))
    return rows_chart(title, lines, x=axis, tells=tells, order=platforms)


def _name(place: Place) -> str:
    return f"{place.row.variant()} @ {place.row.machine}"
