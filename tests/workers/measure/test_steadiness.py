"""Intervals hold the truth as often as they say, and doubts are raised on bad series and not on good ones."""

import gc
from functools import partial

import numpy as np
import pytest

from farm.contract.doubts import DoubtKind
from farm.contract.job import Measure
from tests.workers.measure import series
from tests.workers.measure.series import GOOD, MEDIAN, Clockwork, Make
from workers.measure import steadiness
from workers.measure.interval import interval_of_repeats, median_interval
from workers.measure.sampling import durations, sample

SERIES = 300
RUNS = 40  # of the whole loop, each of which collects garbage first
HOW = Measure(min_iterations=20, max_iterations=400, min_seconds=0, max_seconds=1000, rel_precision=0.02)


def held(make: Make, *, n: int = 100, seed: int = 7) -> float:
    """The share of intervals that hold the true median."""
    dice = np.random.default_rng(seed)
    found = [median_interval(make(dice, n).tolist()) for _ in range(SERIES)]
    return sum(bounds is not None and bounds[0] <= MEDIAN <= bounds[1] for bounds in found) / SERIES


def doubted(make: Make, kind: DoubtKind, *, n: int, rows: int = 100) -> float:
    """The share of series that get this doubt."""
    dice = np.random.default_rng(11)
    return sum(kind in {doubt.kind for doubt in steadiness.doubts(make(dice, n).tolist())} for _ in range(rows)) / rows


@pytest.mark.parametrize("name", ["normal", "lognormal", "long tail"])
def test_the_interval_of_independent_calls_holds_the_median_as_often_as_it_says(name: str) -> None:
    assert 0.92 <= held(GOOD[name]) <= 0.985


@pytest.mark.parametrize("by", [0.5, 0.8])
def test_the_interval_of_dependent_calls_is_widened_until_it_holds_the_median(by: float) -> None:
    assert held(partial(series.dependent, by=by), n=400) >= 0.90


def test_sampling_that_stops_by_itself_keeps_the_promise_of_its_interval() -> None:
    gc.freeze()  # as in a child of the fork server; else each loop looks through all that the suite holds
    dice = np.random.default_rng(3)
    kept, counts = 0, []
    for _ in range(RUNS):
        work = Clockwork(series.lognormal(dice, 400).tolist())
        found = sample(work, HOW.model_copy(update={"rel_precision": 0.1}), now=work.now)
        bounds = median_interval(durations(found.calls))
        assert bounds is not None
        kept += bounds[0] <= MEDIAN <= bounds[1]
        counts.append(len(found.calls))
        assert not {"imprecise", "too_few_samples"} & {doubt.kind for doubt in found.doubts}
    assert kept / RUNS >= 0.85  # stopping at a narrow interval favours those that are so by chance
    assert 20 < np.median(counts) < 100


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
@pytest.mark.parametrize("name", GOOD)
def test_good_series_raise_hardly_a_doubt(name: str, n: int) -> None:
    dice = np.random.default_rng(5)
    false = [doubt.kind for _ in range(100) for doubt in steadiness.doubts(GOOD[name](dice, n).tolist())]
    assert len(false) <= 2, false


@pytest.mark.parametrize(("n", "share"), [(50, 0.7), (200, 0.95), (1000, 1.0)])
def test_two_speeds_are_doubted_with_their_ratio(n: int, share: float) -> None:
    assert doubted(series.two_speeds, DoubtKind.BIMODAL, n=n) >= share
    times = series.two_speeds(np.random.default_rng(0), n)
    figure = next(doubt.figure for doubt in steadiness.doubts(times.tolist()) if doubt.kind is DoubtKind.BIMODAL)
    assert figure == pytest.approx(1.4, rel=0.1)


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
def test_times_that_move_are_doubted(n: int) -> None:
    assert doubted(series.drifting, DoubtKind.DRIFTING, n=n) >= 0.9


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_a_step_half_way_is_doubted_as_a_drift_as_two_speeds_or_as_dependence(n: int) -> None:
    dice = np.random.default_rng(2)
    assert sum(bool(steadiness.doubts(series.stepping(dice, n).tolist())) for _ in range(100)) >= 95


def test_the_figure_of_a_drift_is_the_change_from_first_to_last() -> None:
    times = series.drifting(np.random.default_rng(0), 500)
    assert steadiness.trend(times) == pytest.approx(0.3 / 1.15, rel=0.15)


@pytest.mark.parametrize("n", [400, 1000])
def test_calls_that_resemble_the_last_one_are_doubted_where_it_matters(n: int) -> None:
    strong, weak = partial(series.dependent, by=0.9), partial(series.dependent, by=0.2)
    assert doubted(strong, DoubtKind.AUTOCORRELATED, n=n) + doubted(strong, DoubtKind.DRIFTING, n=n) >= 0.9
    assert doubted(weak, DoubtKind.AUTOCORRELATED, n=n) == 0


@pytest.mark.parametrize("processes", [3, 5])
def test_the_interval_of_repeats_is_honest_when_processes_differ(processes: int) -> None:
    dice = np.random.default_rng(13)
    ours = pooled = 0
    for _ in range(SERIES):
        levels = dice.normal(1, 0.05, processes)
        repeats = [(level * series.normal(dice, 50)).tolist() for level in levels]
        low, high = interval_of_repeats(repeats) or (0, 0)
        ours += low <= MEDIAN <= high
        low, high = median_interval(np.random.default_rng(0).permutation(np.concatenate(repeats)).tolist()) or (0, 0)
        pooled += low <= MEDIAN <= high
    assert ours / SERIES >= 0.93
    assert pooled / SERIES < 0.6  # what it would be if all calls counted as one process's


def test_shapes_are_not_looked_for_in_too_few_or_impossible_times() -> None:
    assert steadiness.doubts([0.01, 0.02] * 9) == ()
    assert steadiness.doubts([0.0, 0.02] * 20) == ()
    assert steadiness.doubts([0.01] * 50) == ()
