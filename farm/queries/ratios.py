"""How much two groups of runs differ: a ratio of medians, its interval by bootstrap over runs, not over calls. Pure.

The unit is what was repeated on the highest level: the attempts of a side where there are three or more, else its
processes; its value is the logarithm of the median of a process. Calls within a process say nothing of how the next
process differs, so they are resampled only where a side has a single process; then the spread between processes is
taken from the other cells, or assumed (T. Kalibera and R. Jones, Rigorous benchmarking in reasonable time, ISMM 2013;
units resampled, their insides kept: A. C. Davison and D. V. Hinkley, Bootstrap Methods, 1997, section 3.8). A plain
bootstrap of few units is too narrow: it is smoothed by the variance of the mean and widened by Student's factor (T. C.
Hesterberg, What teachers should know about the bootstrap, The American Statistician 69, 2015).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Floats = NDArray[np.float64]
Samples = Sequence[float] | Floats
Attempts = Sequence[Sequence[Samples]]  # the attempts of one side, their processes, the samples of each

CONFIDENCE: Final = 0.95
DRAWS: Final = 4000
LEAST_ATTEMPTS: Final = 3  # from so many attempts on they are the units
#: Spread between processes where nothing tells it: that of bench/repeatability.py on a quiet machine of two cores.
ASSUMED: Final = 0.03
SEED: Final = 20260101  # the same data always give the same interval


class Spread(NamedTuple):
    """The standard deviation of units in logarithms, so as a share; what it rests on."""

    value: float
    freedom: float
    assumed: bool


class Ratio(NamedTuple):
    """The second side over the first: above 1 the second has the higher figure. `p` is for no difference at all."""

    ratio: float
    low: float
    high: float
    p: float
    units: tuple[int, int]
    borrowed: bool  # a side had a single process, whose spread was taken from elsewhere


class _Drawn(NamedTuple):
    centre: float
    deviations: Floats
    variance: float  # of the centre
    freedom: float


def level_of(side: Attempts) -> float:
    """Give the figure of one side that the ratio is of: the geometric mean of its units."""
    return float(np.exp(_units(side).mean()))


def spread_of(sides: Sequence[Attempts]) -> Spread:
    """Pool the spread between the units of each side over all sides; assumed where no side has two units."""
    groups = [_units(side) for side in sides]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return Spread(ASSUMED, np.inf, assumed=True)
    squares = sum(float(np.sum((group - group.mean()) ** 2)) for group in groups)
    return Spread(float(np.sqrt(squares / freedom)), freedom, assumed=False)


def ratio_of(first: Attempts, second: Attempts, *, spread: Spread) -> Ratio:
    """Compare two sides; `spread` serves a side that has a single process. All samples are above zero."""
    rng = np.random.default_rng(SEED)
    a, b = _draw(first, spread, rng), _draw(second, spread, rng)
    difference, variance = b.centre - a.centre, a.variance + b.variance
    units = (len(_units(first)), len(_units(second)))
    if variance == 0:
        ratio = float(np.exp(difference))
        return Ratio(ratio, ratio, ratio, float(difference == 0), units, min(units) == 1)
    unsure = a.variance**2 / a.freedom + b.variance**2 / b.freedom
    freedom = variance**2 / unsure if unsure else np.inf  # Welch and Satterthwaite
    tail = (1 - CONFIDENCE) / 2
    wider = _quantile(tail, freedom) / float(ndtri(tail))
    low, high = difference + wider * np.quantile(b.deviations - a.deviations, [tail, 1 - tail])
    p = 2 * _below(-abs(difference) / np.sqrt(variance), freedom)
    ratio, low, high = (float(each) for each in np.exp([difference, low, high]))
    return Ratio(ratio, low, high, p, units, min(units) == 1)


def units_needed(spread: float, *, effect: float) -> int:
    """Give the units on each side that bound a ratio to half an effect, so that one of this size stands out."""
    reach = np.log1p(effect) / 2
    return max(2, int(np.ceil(2 * (ndtri((1 + CONFIDENCE) / 2) * spread / reach) ** 2)))


def _quantile(share: float, freedom: float) -> float:
    """Give a quantile of Student's distribution; scipy.stats answers the same, a hundred times slower."""
    return float(stdtrit(freedom, share) if np.isfinite(freedom) else ndtri(share))


def _below(value: float, freedom: float) -> float:
    """Give the chance that Student's distribution is below a value."""
    return float(stdtr(freedom, value) if np.isfinite(freedom) else ndtr(value))


def _units(side: Attempts) -> Floats:
    processes = [np.log([float(np.median(samples)) for samples in attempt]) for attempt in side]
    if len(processes) >= LEAST_ATTEMPTS:
        return np.asarray([each.mean() for each in processes])
    return np.concatenate(processes)


def _draw(side: Attempts, spread: Spread, rng: np.random.Generator) -> _Drawn:
    units = _units(side)
    count = len(units)
    if count == 1:
        return _draw_one(np.sort(np.log(np.asarray(side[0][0], dtype=np.float64))), spread, rng)
    centre, variance = float(units.mean()), float(units.var(ddof=1)) / count
    picked = units[rng.integers(0, count, (DRAWS, count))] + rng.normal(0, np.sqrt(variance), (DRAWS, count))
    return _Drawn(centre, picked.mean(axis=1) - centre, variance, count - 1)


def _draw_one(logs: Floats, spread: Spread, rng: np.random.Generator) -> _Drawn:
    """Resample the median of one process, whose rank among its samples follows a beta distribution."""
    half = (len(logs) + 1) / 2
    within = np.quantile(logs, rng.beta(half, half, DRAWS)) - np.median(logs)
    deviations = within + rng.normal(0, spread.value, DRAWS)
    return _Drawn(float(np.median(logs)), deviations, float(within.var()) + spread.value**2, spread.freedom)
