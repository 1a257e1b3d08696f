"""How much neighbouring samples depend on each other, and how many independent ones tell as much.

The autocorrelation is that of the samples' ranks, so that no outlier hides it or makes it up. Its sum is cut off where
pairs of neighbouring lags stop being positive (C. J. Geyer, Practical Markov chain Monte Carlo, 1992, section 3.3: the
initial positive sequence); n over that sum is the effective size.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.signal import correlate
from scipy.stats import norm, rankdata

#: Samples count as independent unless rank von Neumann's test (R. Bartels, JASA 1982) is this sure that they are not;
#: else the noise of the estimate would widen every interval.
SURE: Final = 0.01
LEAST: Final = 10  # samples; the test's normal approximation holds from here


def effective_size(samples: Sequence[float]) -> float:
    """Count the independent samples that bound the median as well as these do: n, or less."""
    count = len(samples)
    if count < LEAST:
        return float(count)
    ranks = rankdata(samples) - (count + 1) / 2
    spread = float(ranks @ ranks)
    if spread == 0:
        return float(count)
    correlation = correlate(ranks, ranks, method="auto")[count - 1 :] / spread
    # Bartels: the ratio's numerator over its denominator is near 2 (1 - r1), normal with variance 4 / n.
    if float(correlation[1]) * np.sqrt(count) < float(norm.isf(SURE)):
        return float(count)
    pairs = correlation[: count // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    return count / max(1.0, float(2 * pairs[: ends[0] if len(ends) else None].sum() - 1))
