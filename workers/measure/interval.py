"""The confidence interval of a median without assuming a distribution, from order statistics.

The number of samples below the true median is binomial(n, 1/2), so two order statistics bound it with known
confidence (W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2). Samples that depend on their
neighbours tell less than as many independent ones: then n is the effective size (workers/measure/dependence.py), and
the bounds are the quantiles at the same shares. Fresh processes differ by more than their samples tell (memory layout,
placement of threads): with repeats the interval covers Student's for the medians of the processes as well, the
highest level that was repeated (T. Kalibera and R. Jones, Rigorous benchmarking in reasonable time, ISMM 2013).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import binom
from scipy.stats import t as student

from workers.measure.dependence import effective_size

CONFIDENCE: Final = 0.95


def median_interval(samples: Sequence[float]) -> tuple[float, float] | None:
    """Bound the median of one process with 95 % confidence; None where n is too small for that (below 6)."""
    return _ordered(np.asarray(samples, dtype=np.float64), independent=effective_size(samples))


def interval_of_repeats(repeats: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Bound the median over several processes, wide enough for the spread between them."""
    if len(repeats) == 1:
        return median_interval(repeats[0])
    pooled = np.concatenate([np.asarray(repeat, dtype=np.float64) for repeat in repeats])
    within = _ordered(pooled, independent=sum(effective_size(repeat) for repeat in repeats))
    medians = np.asarray([np.median(repeat) for repeat in repeats])
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(medians) - 1) * medians.std(ddof=1) / np.sqrt(len(medians)))
    centre = float(medians.mean())
    low, high = within or (centre, centre)
    return max(0.0, min(low, centre - reach)), max(high, centre + reach)  # no metric is ever below zero


def relative_half_width(samples: Sequence[float]) -> float:
    """Give half the width of the interval over the median; infinite where there is no interval."""
    found = median_interval(samples)
    middle = float(np.median(np.asarray(samples, dtype=np.float64)))
    if found is None or middle == 0:
        return float("inf")
    return (found[1] - found[0]) / 2 / middle


def _ordered(samples: np.typing.NDArray[np.float64], *, independent: float) -> tuple[float, float] | None:
    """Bound the median as that many independent samples would."""
    size = int(independent)
    below = int(binom.ppf((1 - CONFIDENCE) / 2, size, 0.5)) - 1
    if below < 0:
        return None
    share = below / (size - 1)
    low, high = np.quantile(samples, [share, 1 - share], method="linear")
    return float(low), float(high)
