"""Ratios on generated runs with known answers: the interval holds what it says, processes count and calls do not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.queries.ratios import ASSUMED, Spread, ratio_of, spread_of, units_needed

QUIET = Spread(0.001, np.inf, assumed=True)


def runs(
    rng: np.random.Generator, *, centre: float = 0.01, processes: int = 3, between: float = 0.02, calls: int = 30
) -> list[list[NDArray[np.float64]]]:
    """One attempt of processes that differ by `between`, with calls that differ by 1 %."""
    levels = centre * np.exp(rng.normal(0, between, processes))
    return [[level * np.exp(rng.normal(0, 0.01, calls)) for level in levels]]


@pytest.mark.parametrize("processes", [3, 5, 12])
def test_the_interval_covers_the_true_ratio_as_often_as_it_says(processes: int) -> None:
    rng = np.random.default_rng(1)
    found = [
        ratio_of(runs(rng, processes=processes), runs(rng, processes=processes, centre=0.011), spread=QUIET)
        for _ in range(200)
    ]
    assert np.mean([each.low <= 1.1 <= each.high for each in found]) >= 0.92
    assert np.median([each.ratio for each in found]) == pytest.approx(1.1, abs=0.01)


def test_without_a_difference_few_are_told_apart() -> None:
    rng = np.random.default_rng(2)
    found = [ratio_of(runs(rng), runs(rng), spread=QUIET).p for _ in range(200)]
    assert np.mean(np.asarray(found) < 0.05) <= 0.08


def test_ten_thousand_calls_of_one_process_do_not_outweigh_the_spread_between_processes() -> None:
    rng = np.random.default_rng(3)
    sides = [runs(rng, processes=1, centre=centre, between=0, calls=10_000) for centre in (0.01, 0.0102)]
    found = ratio_of(*sides, spread=Spread(0.03, np.inf, assumed=True))
    assert found.borrowed
    assert found.low < 1 < found.high
    assert found.high / found.low == pytest.approx(np.exp(2 * 1.96 * 0.03 * np.sqrt(2)), rel=0.05)
    assert ratio_of(*sides, spread=QUIET).low > 1


def test_attempts_are_the_units_from_three_on() -> None:
    rng = np.random.default_rng(4)
    days = [runs(rng, centre=centre, between=0.0)[0] for centre in (0.009, 0.01, 0.011)]
    assert ratio_of(days, days, spread=QUIET).units == (3, 3)
    assert ratio_of(days[:2], days, spread=QUIET).units == (6, 3)


def test_the_spread_is_pooled_where_it_can_be_and_else_assumed() -> None:
    rng = np.random.default_rng(5)
    alone = runs(rng, processes=1)
    assert spread_of([alone, alone]) == Spread(ASSUMED, np.inf, assumed=True)
    pooled = spread_of([alone, *(runs(rng, processes=20, between=0.04) for _ in range(10))])
    assert (pooled.freedom, pooled.assumed) == (190, False)
    assert pooled.value == pytest.approx(0.04, rel=0.15)


def test_equal_figures_are_equal() -> None:
    same = [[[0.01] * 5, [0.01] * 5]]
    assert ratio_of(same, same, spread=QUIET)[:4] == (1, 1, 1, 1)
    assert ratio_of(same, [[[0.02] * 5] * 2], spread=QUIET).p == 0


def test_as_many_runs_as_are_said_to_be_needed_tell() -> None:
    needed = units_needed(0.02, effect=0.05)
    rng = np.random.default_rng(6)
    told = [
        ratio_of(runs(rng, processes=needed), runs(rng, processes=needed, centre=0.0105), spread=QUIET).low > 1
        for _ in range(100)
    ]
    assert np.mean(told) >= 0.9
    assert units_needed(0.0001, effect=0.05) == 2
