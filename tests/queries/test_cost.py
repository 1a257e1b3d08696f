"""Costs follow from a price and a rate by arithmetic that anyone can do again; wrong prices are told."""

from typing import Any

import pytest

from farm.contract.errors import UserMistake
from farm.queries.cost import costs, prices_of
from farm.queries.results import ResultRow
from tests.builders import measured
from tests.queries.rows import row


def served(rate: float, half_width: float = 0.0, **changes: Any) -> ResultRow:
    """A result that serves so many items per second."""
    found = row(**changes)
    each = measured("throughput", rate, half_width=half_width)
    return found._replace(metrics=found.metrics | {"throughput": each.statistics})


def test_a_cost_is_the_price_of_the_time_it_takes() -> None:
    (cost,) = costs([served(100.0, 10.0)], prices_of(["3.60"], ["box"]))
    # 3.60 an hour are 0.001 a second, in which 0.1 thousand queries of 128 tokens are served
    assert cost.per_queries.figure == pytest.approx(0.01)
    assert [cost.per_queries.low, cost.per_queries.high] == pytest.approx([0.001 / 0.11, 0.001 / 0.09])
    assert cost.per_tokens is not None
    assert cost.per_tokens.figure == pytest.approx(0.001 / 100 / 128 * 1e6)
    assert cost.tokens == "read"


def test_tokens_that_are_written_count_where_there_are_any() -> None:
    (cost,) = costs([served(1.0, new_tokens=10)], prices_of(["3600"], ["box"]))
    assert cost.per_tokens is not None
    assert cost.per_tokens.figure == pytest.approx(100_000)
    assert cost.tokens == "written"
    (cost,) = costs([served(1.0, sequence_length=None)], prices_of(["3600"], ["box"]))
    assert (cost.per_tokens, cost.tokens) == (None, "")


def test_only_real_results_on_machines_with_a_price_have_a_cost() -> None:
    rows = [
        served(2.0, machine="big"),
        served(1.0, machine="box"),
        served(1.0, machine="free"),
        served(1.0, machine="box", verdict="mock"),
        row(machine="box"),
    ]
    found = costs(rows, prices_of(["big=7.2", "box=3.6"], [each.machine for each in rows]))
    assert [(cost.row.machine, cost.price) for cost in found] == [("big", 7.2), ("box", 3.6)]
    everywhere = costs(rows, prices_of(["big=7.2", "1"], [each.machine for each in rows]))
    assert sorted((cost.row.machine, cost.price) for cost in everywhere) == [("big", 7.2), ("box", 1), ("free", 1)]


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ([], "--price 3.20 for all"),
        (["bix=3"], "none of these results ran on 'bix'; did you mean box?"),
        (["elsewhere=3"], "known: box"),
        (["box=cheap"], "'box=cheap' is no price"),
        (["-1"], "'-1' is no price"),
        (["nan"], "'nan' is no price"),
        (["box=inf"], "'box=inf' is no price"),
    ],
)
def test_a_wrong_price_is_told(texts: list[str], told: str) -> None:
    with pytest.raises(UserMistake, match=told.replace("?", r"\?")):
        prices_of(texts, ["box"])
