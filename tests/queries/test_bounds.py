"""A figure is as sure as its samples say, and a rate as sure as the time it follows from."""

import pytest

from farm.queries.bounds import Bounded, bounded, ranked_by
from tests.builders import measured
from tests.queries.rows import row


def test_a_rate_without_an_interval_has_that_of_the_time_it_follows_from() -> None:
    plain = row(latency=0.010, half_width=0.001, scenario="throughput")
    single = measured("sustained_throughput", 800.0, n=1).statistics
    found = bounded(plain._replace(metrics=plain.metrics | {"sustained_throughput": single}), "sustained_throughput")
    assert found is not None
    assert [found.low, found.high, found.n] == pytest.approx([800 * 10 / 11, 800 * 10 / 9, 20])


def test_what_was_not_measured_has_no_figure() -> None:
    assert bounded(row(latency=None), "latency") is None
    assert ranked_by(row(latency=None)) is None


@pytest.mark.parametrize(
    ("metric", "one", "other", "better"),
    [
        ("latency", (1.0, 2.0), (3.0, 4.0), True),
        ("latency", (1.0, 3.0), (3.0, 4.0), False),
        ("latency", (3.0, 4.0), (1.0, 2.0), False),
        ("throughput", (3.0, 4.0), (1.0, 2.0), True),
        ("throughput", (1.0, 2.0), (3.0, 4.0), False),
        ("latency", (None, None), (3.0, 4.0), False),
    ],
)
def test_only_intervals_that_do_not_meet_are_surely_apart(
    metric: str, one: tuple[float | None, float | None], other: tuple[float, float], better: bool
) -> None:
    assert Bounded(metric, 2, *one, 20).surely_better(Bounded(metric, 3, *other, 20)) is better
