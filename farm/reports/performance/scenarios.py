"""The tables of throughput and of servers, one of each per family: their figures are not those of single calls."""

from collections.abc import Callable, Sequence
from typing import Final

from farm.contract.scenario import SERVER, THROUGHPUT
from farm.queries.results import ResultRow
from farm.reports.document import Cell, Column, Section, Table
from farm.reports.performance.families import CELL, LENGTHS, title
from farm.reports.units import shown

Figure = tuple[Column, Callable[[ResultRow], Cell]]

ENDING: Final = (Column("verdict", "Verdict", badges=True), Column("doubts", "Doubts", badges=True))
BATCHES: Final = (
    "Items per second of all timed batches over the wall time of the loop; ± is half the 95 % interval of the time per "
    "batch. Where a range was searched, the figures are those of the batch size that gave the most items per second."
)
QUERIES: Final = (
    "Queries arrive at random at the rate and wait for one server. Latency counts from the scheduled arrival, however "
    "late the call began. Load is the share of its time that the server needs; from 100 % on the queue grows for ever, "
    "so that there is no latency to speak of."
)


def sections(family: str, rows: Sequence[ResultRow]) -> list[Section]:
    """Write the throughputs and the servers of one family, where there are any."""
    batches = [row for row in rows if row.scenario == THROUGHPUT]
    servers = [row for row in rows if row.scenario == SERVER]
    found = []
    if batches:
        found.append(Section(f"{title(family)}: throughput", (), (_table(batches, BATCH_FIGURES, SEARCH, BATCHES),)))
    if servers:
        table = _table(servers, SERVER_FIGURES, RATES, QUERIES)
        found.append(Section(f"{title(family)}: server", tuple(map(_overload, filter(_overloaded, servers))), (table,)))
    return found


def _table(rows: Sequence[ResultRow], figures: Sequence[Figure], last: Sequence[Figure], note: str) -> Table:
    """Put a table together: the cell, its settings, its figures, what is proven and doubted, and how it was found."""
    axes = [axis for axis in LENGTHS if any(axis.cell(row) != axis.usual for row in rows)]
    searched = [figure for figure in last if any(figure[1](row) is not None for row in rows)]
    columns = (
        *CELL,
        *(axis.column for axis in axes),
        *(column for column, _ in figures),
        *ENDING,
        *(column for column, _ in searched),
    )
    cells = tuple(
        (
            *(row.model, row.platform, row.precision),
            *(axis.cell(row) for axis in axes),
            *(cell(row) for _, cell in figures),
            *(row.told(), ", ".join(row.doubts)),
            *(cell(row) for _, cell in searched),
        )
        for row in rows
    )
    return Table(columns, cells, note)


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _count(row: ResultRow, metric: str) -> int | None:
    return row.metrics[metric].n if metric in row.metrics else None


def _searched(row: ResultRow) -> str | None:
    asked = row.throughput.search_batch_size if row.throughput else None
    return None if asked is None else f"{asked[0]} to {asked[1]}"


def _sizes(row: ResultRow) -> str | None:
    """List every size that was tried with its items per second, or why it had none."""
    tried = row.facts.get("batch_search", {}).get("tried")
    if not tried:
        return None
    return ", ".join(
        f"{one['batch_size']}: {one.get('refused') or shown(one['items_per_second'], '')}" for one in tried
    )


def _rate(row: ResultRow) -> float | None:
    """Give the rate of the run: the one that was found, where it was searched."""
    rate = row.facts.get("rate")
    return None if rate is None else float(rate)


def _server(row: ResultRow, percentile: str) -> float | None:
    found = row.metrics.get("server_latency")
    return None if found is None else getattr(found, percentile)


def _bound(row: ResultRow) -> str | None:
    if row.server is None or row.server.latency_bound is None:
        return None
    return f"p{row.server.percentile:g} within {shown(row.server.latency_bound, 's')}"


def _steps(row: ResultRow) -> str | None:
    """List every rate that was tried, and whether it held."""
    steps = row.facts.get("rate_search", {}).get("steps")
    if not steps:
        return None
    return ", ".join(f"{shown(step['rate'], '')}/s {'held' if step['holds'] else 'did not'}" for step in steps)


def _overloaded(row: ResultRow) -> bool:
    return "overloaded" in row.facts


def _overload(row: ResultRow) -> str:
    """Say what an overloaded server was offered, and what it served."""
    told = row.facts["overloaded"]
    queue = "the queue was still growing" if told["left"] else "the queue would grow for ever"
    return (
        f"{row.model} on {row.variant()} was overloaded: offered {shown(told['rate'], '')} queries per second, served "
        f"{shown(told['served'], '')}; {queue}, and the longest wait was {shown(told['longest_wait'], 's')}."
    )


BATCH_FIGURES: Final[Sequence[Figure]] = (
    (Column("batch_size", "Batch", "1"), lambda row: row.measured_batch()),
    (Column("sustained_throughput", "Items/s", "items/s"), lambda row: row.median("sustained_throughput")),
    (Column("interval", "± (95 %)", "%"), lambda row: _percent(row.half_interval())),
    (Column("batch_time", "Per batch", "s"), lambda row: row.median("latency")),
    (Column("n", "n", "1"), lambda row: _count(row, "latency")),
    (Column("memory_growth", "Memory", "bytes"), lambda row: row.median("memory_growth")),
)
SEARCH: Final[Sequence[Figure]] = (
    (Column("searched", "Searched"), _searched),
    (Column("search_ended", "Search ended"), lambda row: row.facts.get("batch_search", {}).get("ended")),
    (Column("tried", "Tried, with items/s"), _sizes),
)
SERVER_FIGURES: Final[Sequence[Figure]] = (
    (Column("rate", "Rate", "queries/s"), _rate),
    (Column("server_p50", "Latency p50", "s"), lambda row: _server(row, "median")),
    (Column("server_p90", "p90", "s"), lambda row: _server(row, "p90")),
    (Column("server_p99", "p99", "s"), lambda row: _server(row, "p99")),
    (Column("load", "Load", "%"), lambda row: _percent(row.facts.get("load"))),
    (Column("n", "n", "1"), lambda row: _count(row, "service_time")),
    (Column("highest_rate", "Highest rate", "queries/s"), lambda row: row.median("highest_rate")),
    (Column("bound", "Bound"), _bound),
)
RATES: Final[Sequence[Figure]] = (
    (Column("within_bound", "Within bound", "%"), lambda row: _percent(row.facts.get("within_bound"))),
    (Column("service_time", "Service p50", "s"), lambda row: row.median("service_time")),
    (Column("queueing_time", "Queueing p50", "s"), lambda row: row.median("queueing_time")),
    (Column("memory_growth", "Memory", "bytes"), lambda row: row.median("memory_growth")),
    (Column("search_ended", "Search ended"), lambda row: row.facts.get("rate_search", {}).get("ended")),
    (Column("tried", "Tried"), _steps),
)
