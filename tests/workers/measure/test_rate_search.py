"""The search of the highest rate, on a scripted server and on steps with known answers."""

from collections.abc import Callable

import pytest

from tests.workers.measure.scripted import Server
from workers.measure import rate_search
from workers.measure.arrivals import arrivals
from workers.measure.rate_search import RateSearch, Step, Trial, highest_rate, planned
from workers.measure.serving import serve


def step(rate: float, *, holds: bool) -> Step:
    return Step(rate, holds, 1000, 0, rate, None, "scripted")


def searched(holds: Callable[[float], bool], *, capacity: float = 100, steps: int = 1000) -> RateSearch:
    def attempt(rate: float) -> Step:
        nonlocal steps
        steps -= 1
        return step(rate, holds=holds(rate))

    return highest_rate(attempt, capacity, out_of_time=lambda: steps <= 0)


@pytest.mark.parametrize("limit", [3, 17.3, 50, 62, 99])
def test_the_highest_rate_is_found_to_a_twentieth(limit: float) -> None:
    found = searched(lambda rate: rate <= limit)
    assert found.highest is not None
    assert limit * 0.94 <= found.highest <= limit
    assert found.ended == rate_search.FOUND
    assert len(found.steps) <= 11


def test_where_no_rate_holds_there_is_none_and_the_search_ends() -> None:
    found = searched(lambda rate: False)
    assert (found.highest, found.ended) == (None, rate_search.NONE_HOLDS)
    assert len(found.steps) <= 7


def test_a_search_ends_with_its_time_and_says_so() -> None:
    found = searched(lambda rate: rate < 90, steps=2)
    assert (found.highest, found.above, found.ended) == (75, 100, rate_search.NO_TIME)
    assert found.unsure() == pytest.approx(25 / 175)
    assert searched(lambda rate: False, steps=1).unsure() == 1
    assert searched(lambda rate: rate < 90).unsure() == 0


def trial_at(rate: float, *, bound: float, seconds: float = 0.01, percentile: float = 99, limit: float = 1e9) -> Trial:
    """Serve at a rate with calls of known length until the step knows."""
    server, trial = Server(seconds), Trial(bound=bound, percentile=percentile, rate=rate)
    due = arrivals(rate, seed=0)
    serve(server, due, trial, limit=limit, now=server.now, wait=server.wait)
    return trial


def test_as_many_queries_are_planned_as_put_ten_beyond_the_percentile() -> None:
    assert [planned(percentile) for percentile in (50, 90, 99, 99.9)] == [20, 100, 1000, 10_000]


def test_a_step_without_late_queries_ends_when_that_is_no_luck_any_more() -> None:
    found = trial_at(1, bound=1)
    assert found.holds()
    assert (found.queries, found.late) == (299, 0)  # 0.99 ** 299 < 0.05 (MLPerf's early stopping, at 95 %)


def test_a_step_that_is_too_fast_ends_as_soon_as_too_many_are_late() -> None:
    found = trial_at(99, bound=0.02)
    assert not found.holds()
    assert found.late == 11
    assert found.queries < 1000


def test_an_overload_never_holds_however_wide_the_bound_is() -> None:
    found = trial_at(101, bound=1000)
    assert found.late == 0
    assert not found.holds()


def test_a_step_of_few_queries_says_that_they_do_not_support_the_percentile() -> None:
    assert not trial_at(5, bound=1, limit=1).supported()
    assert trial_at(5, bound=1).supported()


def test_on_a_scripted_server_the_search_meets_queueing_theory() -> None:
    """M/D/1 with calls of 10 ms: 95 of 100 queries take at most 40 ms up to a load of about 0.70."""

    def attempt(rate: float) -> Step:
        return step(rate, holds=trial_at(rate, bound=0.04, percentile=95).holds())

    found = highest_rate(attempt, 100, out_of_time=lambda: False)
    assert found.highest == pytest.approx(70, rel=0.15)
