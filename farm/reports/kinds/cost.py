"""What the work costs on machines whose hours have a price: per thousand queries and per million tokens."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.queries.bounds import Bounded
from farm.queries.cost import QUERIES, Cost, Prices, costs, prices_of
from farm.queries.results import ResultRow
from farm.reports.chart import Axis, Chart, Line, rows_chart
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds import Request
from farm.reports.kinds._asked import Asked, results_asked
from farm.reports.performance.families import title
from farm.reports.units import shown

WORDS: Final = "[SWEEP]"
TAKES: Final = ("price", "currency", "question")
READ: Final = ("latency", "throughput", "sustained_throughput", "highest_rate", "achieved_rate")
NOTE: Final = (
    "Price of an hour / 3600 s / items per second, as if the machine did nothing else all hour; ± is that of the rate. "
    "A query is one item of a batch. Tokens are those written, the reading of the prompt included; where none are "
    "written, those read. REAL results only."
)
WIDE: Final = 8.0  # times the least, from which a scale is by ratios


def build(session: Session, request: Request) -> Document:
    """Reckon the cost of the results of a sweep, or of all that the filters let through.

    Raises: UserMistake without a price, UnknownName where no result has one.
    """
    asked = results_asked(session, request, metrics=READ)
    prices = prices_of(request.price, [row.machine for row in asked.rows])
    found = costs(asked.rows, prices)
    if not found:
        raise UnknownName(
            f"none of {len(asked.rows)} results has a cost: that takes a REAL one with a rate on a machine with a price"
        )
    sections = [_prices(asked.rows, prices, found, request.currency)]
    for family in sorted({cost.row.family for cost in found}):
        alike = [cost for cost in found if cost.row.family == family]
        sections.append(_section(family, alike, request.currency, asked))
    return Document(f"Cost: {asked.about}", tuple(sections))


def _prices(rows: Sequence[ResultRow], prices: Prices, found: Sequence[Cost], currency: str) -> Section:
    """Say what was given, and what is left out for want of a price, a rate or proof."""
    columns = (
        Column("machine", "Machine"),
        Column("price", f"{currency} per hour", "si"),
        Column("results", "Results", "1"),
        Column("what", "What it is"),
    )
    machines = {row.machine: row for row in rows}
    cells = tuple(
        (name, prices.of(name), sum(cost.row.machine == name for cost in found), row.machine_words())
        for name, row in sorted(machines.items())
    )
    left = len(rows) - len(found)
    words = f"{left} of {len(rows)} results are left out: not REAL, without a rate, or on a machine without a price."
    return Section("Prices as given", (words,) if left else (), (Table(columns, cells, NOTE, "farm machines"),))


def _section(family: str, found: Sequence[Cost], currency: str, asked: Asked) -> Section:
    tokens = any(cost.per_tokens for cost in found)
    columns = (
        Column("model", "Model"),
        Column("settings", "Settings"),
        Column("variant", "Variant"),
        Column("machine", "Machine"),
        Column("per_thousand_queries", f"{currency} / {QUERIES:,} queries", "si"),
        *(
            [Column("per_million_tokens", f"{currency} / million tokens", "si"), Column("tokens", "Tokens")]
            if tokens
            else []
        ),
        Column("interval", "± (95 %)", "%"),
        Column("rate", "Items/s", "items/s"),
        Column("n", "n", "1"),
        Column("doubts", "Doubts", badges=True),
        Column("result", "Result"),
    )
    cells = tuple(_cells(cost, tokens=tokens) for cost in found)
    command = asked.command(family=family, verdict="real")
    return Section(
        title(family),
        (_cheapest(found, currency),),
        (Table(columns, cells, "", command),),
        (_chart(family, found, currency, asked.platforms()),),
    )


def _cells(cost: Cost, *, tokens: bool) -> tuple[Cell, ...]:
    row, half = cost.row, cost.rate.half()
    per_tokens = (cost.per_tokens.figure if cost.per_tokens else None, cost.tokens) if tokens else ()
    return (
        *(row.model, row.settings(), row.variant(), row.machine),
        cost.per_queries.figure,
        *per_tokens,
        None if half is None else half * 100,
        *(cost.rate.figure, cost.rate.n, ", ".join(row.doubts), row.attempt),
    )


def _cheapest(found: Sequence[Cost], currency: str) -> str:
    """Name the cheapest of each model, or all that cannot be told from it."""
    told = []
    for model in dict.fromkeys(cost.row.model for cost in found):
        sound = [cost for cost in found if cost.row.model == model and not cost.row.doubts]
        if sound:
            best = sound[0]
            tied = sum(not _apart(best.per_queries, cost.per_queries) for cost in sound[1:])
            also = f", not told apart from {tied} more" if tied else ""
            figure = f"{shown(best.per_queries.figure, 'si')} {currency}"
            told.append(f"{model} ({best.row.settings()}) on {best.row.variant()}, {figure}{also}")
    if not told:
        return "Every result here is doubted, so none is called the cheapest."
    return f"Cheapest undoubted per {QUERIES:,} queries: {'; '.join(told)}."


def _apart(cheap: Bounded, dear: Bounded) -> bool:
    return cheap.high is not None and dear.low is not None and cheap.high < dear.low


def _chart(family: str, found: Sequence[Cost], currency: str, platforms: tuple[str, ...]) -> Chart:
    lines = tuple(
        Line(
            f"{cost.row.model} · {cost.row.variant()} @ {cost.row.machine}",
            cost.per_queries.figure,
            cost.per_queries.low,
            cost.per_queries.high,
            cost.row.platform,
            shown(cost.per_queries.figure, "si") + (" doubted" if cost.row.doubts else ""),
        )
        for cost in found
    )
    figures = [line.figure for line in lines]
    axis = Axis(f"{currency} per {QUERIES:,} queries", "si", log=max(figures) > WIDE * min(figures))
    tells = f"What {QUERIES:,} queries cost by {len(lines)} results. {_cheapest(found, currency)}"
    return rows_chart(f"{title(family)}: {axis.title}", lines, x=axis, tells=tells, order=platforms)
