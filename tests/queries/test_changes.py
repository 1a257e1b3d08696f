"""Changes of generated histories with known answers: sharp where there is one, quiet where there is none."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.queries.changes import LEAST, change_points, drawn_in

Floats = NDArray[np.float64]
SERIES, BEFORE, AFTER = 60, 30, 3
NOISE = 0.03


def gaussian(rng: np.random.Generator, count: int) -> Floats:
    return rng.normal(0, NOISE, count)


def heavy(rng: np.random.Generator, count: int) -> Floats:
    return np.asarray(rng.standard_t(3, count) * NOISE / np.sqrt(3))


def bimodal(rng: np.random.Generator, count: int) -> Floats:
    return rng.choice([-0.027, 0.027], count) + rng.normal(0, 0.013, count)


@pytest.mark.parametrize("noise", [gaussian, heavy, bimodal])
def test_three_points_after_a_step_are_enough_and_without_one_it_is_quiet(
    noise: Callable[[np.random.Generator, int], Floats],
) -> None:
    rng = np.random.default_rng(1)
    steps = np.where(np.arange(BEFORE + AFTER) < BEFORE, 1.0, 1.1)
    flat = [np.exp(noise(rng, BEFORE + AFTER)) for _ in range(SERIES)]
    found = [any(abs(each.place - BEFORE) <= 1 for each in change_points(figures * steps)) for figures in flat]
    alarms = [bool(change_points(figures)) for figures in flat]
    assert np.mean(found) >= 0.9  # 95 % in the long run: bench/trend.py
    assert sum(alarms) <= 2


def test_every_change_is_placed_with_its_levels() -> None:
    rng = np.random.default_rng(2)
    levels = np.repeat([0.010, 0.012, 0.009], [20, 15, 10])
    found = change_points((levels * np.exp(rng.normal(0, 0.01, 45))).tolist())
    assert [each.place for each in found] == [20, 35]
    assert [each.before for each in found] == pytest.approx([0.010, 0.012], rel=0.02)
    assert [each.after for each in found] == pytest.approx([0.012, 0.009], rel=0.02)


def test_one_slow_run_or_two_are_no_change_and_hide_none() -> None:
    rng = np.random.default_rng(3)
    figures = np.exp(rng.normal(0, 0.01, 33))
    figures[[10, 31, 32]] = 2.0
    assert change_points(figures) == []
    figures[30:] *= 1.2
    figures[31:] = figures[30]
    assert [each.place for each in change_points(figures)] == [30]


def test_a_small_change_is_told_only_where_it_is_asked_for() -> None:
    figures = np.repeat([1.0, 1.03], 20) * np.exp(np.random.default_rng(4).normal(0, 0.005, 40))
    assert change_points(figures) == []
    assert [each.place for each in change_points(figures, effect=0.01)] == [20]


def test_a_history_too_short_or_without_any_spread_has_no_change() -> None:
    assert change_points([1.0] * (LEAST - 4) + [2.0] * 3) == []
    assert change_points([1.0] * 40) == []
    assert change_points([]) == []


def test_a_step_without_any_noise_is_found() -> None:
    assert [each.place for each in change_points([1.0] * 20 + [1.1] * 4)] == [20]


def test_the_same_history_always_has_the_same_changes() -> None:
    figures = np.exp(np.random.default_rng(5).normal(0, 0.03, 40)) * np.repeat([1, 1.08], 20)
    assert change_points(figures) == change_points(figures)


def test_only_figures_far_out_are_drawn_in() -> None:
    values = np.asarray([*np.linspace(-1, 1, 21), 50.0])
    tame = drawn_in(values)
    assert tame[:-1] == pytest.approx(values[:-1])
    assert 1 < tame[-1] < 5
