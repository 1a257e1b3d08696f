"""The confidence interval of a median without assuming a distribution, from order statistics.

The number of samples below the true median is binomial(n, 1/2), so two order statistics bound it with known
confidence (W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import binom

CONFIDENCE: Final = 0.95


def median_interval(samples: Sequence[float]) -> tuple[float, float] | None:
    """Bound the median with 95 % confidence; None where n is too small for that (below 6)."""
    ordered = np.sort(np.asarray(samples, dtype=np.float64))
    below = int(binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5)) - 1
    if below < 0:
        return None
    return float(ordered[below]), float(ordered[len(ordered) - 1 - below])


def relative_half_width(samples: Sequence[float]) -> float:
    """Give half the width of the interval over the median; infinite where there is no interval."""
    found = median_interval(samples)
    middle = float(np.median(np.asarray(samples, dtype=np.float64)))
    if found is None or middle == 0:
        return float("inf")
    return (found[1] - found[0]) / 2 / middle
