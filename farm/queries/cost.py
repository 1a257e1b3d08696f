"""What work costs on machines whose hours have a price: per thousand queries and per million tokens. Pure.

cost of N items = price of an hour / 3600 s x N / (items per second), as if the machine did nothing else all hour.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from farm.contract.errors import UserMistake
from farm.contract.evidence import Verdict
from farm.contract.meant import offered
from farm.contract.scenario import LATENCY, SERVER, THROUGHPUT
from farm.queries.bounds import Bounded, bounded
from farm.queries.results import ResultRow

HOUR: Final = 3600.0  # seconds
QUERIES: Final = 1000
TOKENS: Final = 1_000_000
#: The rate at which a result of a scenario serves items, the first of these that it has; queries hold a whole batch.
RATES: Final = {
    LATENCY: ("throughput",),
    THROUGHPUT: ("sustained_throughput",),
    SERVER: ("highest_rate", "achieved_rate"),
}


class Prices(NamedTuple):
    """The price of an hour: of machines by their names, and of all others, if they have one."""

    by_machine: dict[str, float]
    others: float | None

    def of(self, machine: str) -> float | None:
        """Give the price of a machine's hour; None where it has none."""
        return self.by_machine.get(machine, self.others)


class Cost(NamedTuple):
    """One result: the price of its machine's hour, items per second, and what so many of them cost."""

    row: ResultRow
    price: float
    rate: Bounded  # items/s
    per_queries: Bounded
    per_tokens: Bounded | None  # None for work that has no tokens
    tokens: str  # which tokens are counted: `written` or `read`


def prices_of(texts: Sequence[str], machines: Sequence[str]) -> Prices:
    """Read prices as `3.20` for all machines or `box=3.20` for one of these.

    Raises: UserMistake for what is no price, and for a machine that has none of the results.
    """
    known = sorted(set(machines))
    by_machine: dict[str, float] = {}
    others: float | None = None
    for text in texts:
        name, equals, figure = text.rpartition("=")
        price = _price(figure, text)
        if not equals:
            others = price
        elif name in known:
            by_machine[name] = price
        else:
            raise UserMistake(f"none of these results ran on {name!r}; {offered(name, known)}")
    if not texts:
        raise UserMistake(
            "a cost needs the price of a machine hour: --price 3.20 for all machines, or --price NAME=3.20"
        )
    return Prices(by_machine, others)


def costs(rows: Sequence[ResultRow], prices: Prices) -> list[Cost]:
    """Reckon what the real results cost on machines with a price, the cheapest of each work first."""
    found = [_cost(row, price) for row in rows if row.verdict == Verdict.REAL and (price := prices.of(row.machine))]
    return sorted((each for each in found if each), key=lambda cost: (cost.row.model, cost.per_queries.figure))


def _price(figure: str, text: str) -> float:
    try:
        price = float(figure)
    except ValueError:
        price = math.nan
    if not (math.isfinite(price) and price > 0):
        raise UserMistake(f"{text!r} is no price; write 3.20 for all machines or NAME=3.20 for one, per hour")
    return price


def _cost(row: ResultRow, price: float) -> Cost | None:
    rates = (bounded(row, metric) for metric in RATES[row.scenario])
    rate = next((each for each in rates if each is not None and each.figure > 0), None)
    if rate is None:
        return None
    if row.scenario == SERVER:
        rate = rate.times(row.batch_size)
    per_item = _inverse(rate, price / HOUR)
    tokens = row.new_tokens or row.sequence_length
    return Cost(
        row,
        price,
        rate,
        per_queries=per_item.times(QUERIES),
        per_tokens=per_item.times(TOKENS / tokens) if tokens else None,
        tokens="" if not tokens else "written" if row.new_tokens else "read",
    )


def _inverse(rate: Bounded, price: float) -> Bounded:
    """Give the cost of one item; the highest rate is the lowest cost."""
    low, high = (None if not edge else price / edge for edge in (rate.high, rate.low))
    return rate._replace(figure=price / rate.figure, low=low, high=high)
