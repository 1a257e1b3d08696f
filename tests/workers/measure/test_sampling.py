"""Sampling and statistics on data with known answers."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from farm.contract.errors import PythonError
from farm.contract.job import Measure
from farm.contract.result import Outcome, Reading
from tests.workers.measure.series import Clockwork
from workers.measure.interval import median_interval
from workers.measure.sampling import sample
from workers.measure.warmup import warm_up
from workers.summary import statistics, summarise


class Work:
    """Sleeps as scripted and answers how often it was called."""

    def __init__(self, times: Sequence[float]) -> None:
        self._times = times
        self.calls = 0

    def call(self) -> tuple[int, Sequence[int]]:
        time.sleep(self._times[self.calls % len(self._times)])
        self.calls += 1
        return self.calls, ()

    def outputs(self, raw: int) -> dict[str, object]:
        return {"raw": raw}

    def readings(self, calls: object) -> dict[str, list[float]]:
        return {}


def test_sampling_stops_once_the_median_is_known() -> None:
    how = Measure(min_iterations=10, min_seconds=0, max_seconds=10, rel_precision=0.2)
    work = Work([0.002])
    found = sample(work, how)  # type: ignore[arg-type]
    assert 10 <= len(found.calls) < 100
    assert found.doubts == ()
    assert found.kept[0] == {"raw": work.calls}  # the last timed call's own output


def test_calls_with_other_inputs_stand_at_their_places_and_count_as_samples() -> None:
    how = Measure(min_iterations=6, max_iterations=6, min_seconds=0, max_seconds=10)
    work, other = Work([0.0]), Work([0.002])
    others: Any = {2: lambda: other, 5: lambda: other}
    found = sample(work, how, others=others)  # type: ignore[arg-type]
    assert (len(found.calls), work.calls, other.calls) == (6, 4, 2)
    assert found.asked == {2: {"raw": 1}, 5: {"raw": 2}}
    assert len(found.beside) == 2
    assert found.kept[0] == {"raw": 4} and found.kept[1]["raw"] in (1, 2, 3, 4)  # outputs with the job's own inputs
    slow = [place for place, call in enumerate(found.calls) if call.end - call.start >= 2e6]
    assert {2, 5} <= {*slow}


def test_a_ceiling_that_comes_too_early_is_a_doubt() -> None:
    how = Measure(min_iterations=50, min_seconds=0, max_seconds=0.02, rel_precision=0.2)
    found = sample(Work([0.005]), how)  # type: ignore[arg-type]
    assert "too_few_samples" in {doubt.kind for doubt in found.doubts}


def test_two_speeds_are_doubted_as_imprecise() -> None:
    how = Measure(min_iterations=20, max_iterations=20, min_seconds=0, rel_precision=0.01)
    found = sample(Work([0.001, 0.004]), how)  # type: ignore[arg-type]
    assert [doubt.kind for doubt in found.doubts] == ["imprecise"]


def test_warm_up_ends_when_steady_and_doubts_a_drift() -> None:
    assert warm_up(Work([0.003]).call, seconds=5) == ()
    growing = [0.001 * 1.3**i for i in range(20)]
    assert [doubt.kind for doubt in warm_up(Work(growing).call, seconds=0.1)] == ["not_steady"]


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    dice = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        bounds = median_interval(dice.lognormal(0, 1, 30).tolist())
        assert bounds is not None
        held += bounds[0] <= 1.0 <= bounds[1]
    assert 0.93 <= held / 400 <= 1.0


def test_five_samples_bound_no_median() -> None:
    assert median_interval([1, 2, 3, 4, 5]) is None


def test_statistics_of_known_numbers() -> None:
    found = statistics([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]])
    assert (found.n, found.mean, found.median, found.minimum, found.maximum) == (6, 4.0, 4.0, 1.0, 7.0)
    assert found.between_stddev == pytest.approx(np.std([2, 6], ddof=1))
    assert found.p90 is None


def test_percentiles_appear_with_enough_samples() -> None:
    found = statistics([[float(i) for i in range(100)]])
    assert (found.p90, found.p95, found.p99) == pytest.approx((89.1, 94.05, 98.01))
    assert statistics([[float(i) for i in range(99)]]).p99 is None


def test_a_metric_without_a_row_cannot_be_stored() -> None:
    with pytest.raises(PythonError, match="bogus has no row"):
        summarise([Outcome(readings=(Reading(metric="bogus", samples=(1.0,)),))])


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [(50e-6, 2000), (2e-3, 50), (0.1, 6), (0.6, 4), (2.0, 2)],
)
def test_a_steady_warm_up_is_long_for_fast_calls_and_short_for_slow_ones(seconds: float, calls: int) -> None:
    work = Clockwork([seconds])
    assert warm_up(work.call, seconds=60, now=work.now) == ()
    assert work.calls == calls


def test_three_fast_calls_alike_are_not_yet_steady() -> None:
    settling = [100e-6] * 6 + [100e-6 * (1 + i / 500) for i in range(4000)]
    work = Clockwork(settling)
    assert [doubt.kind for doubt in warm_up(work.call, seconds=0.5, now=work.now)] == ["not_steady"]


def test_the_spread_within_processes_is_kept_apart_from_that_between_them() -> None:
    found = statistics([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]])
    assert found.stddev == pytest.approx(1.0)
    assert found.between_stddev == pytest.approx(np.std([2, 12], ddof=1))
    assert statistics([[1.0], [2.0]]).stddev is None
