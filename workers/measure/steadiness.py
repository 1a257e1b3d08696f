"""Whether one median tells the truth about a row of timed calls: no trend, one mode, little dependence.

Each doubt needs two things: a test that is sure, and an effect that is large enough to matter. The thresholds were set
on generated series (tests/workers/measure/test_steadiness.py counts false alarms).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks
from scipy.stats import gaussian_kde, kendalltau, theilslopes

from farm.contract.doubts import Doubt, DoubtKind
from workers.measure.dependence import effective_size

LEAST: Final = 20  # samples; below, no shape can be told from chance
#: Relative change from the first calls to the last, and relative distance of two modes: what warm-up calls a drift.
MATTERS: Final = 0.05
#: Mann and Kendall's test for a trend must be this sure (H. B. Mann, Econometrica 1945). It looks at medians of
#: stretches of calls, which depend on each other far less than calls do.
SURE: Final = 0.001
STRETCHES: Final = 20
#: Samples per independent one from which we doubt: the interval is then at least twice as wide as n would give.
DEPENDENT: Final = 4.0
#: The valley between two modes is at most this high, relative to the lower one, and each side holds at least that
#: share of the samples. The density is a Gaussian kernel's with Silverman's bandwidth (B. W. Silverman, Density
#: Estimation, 1986, eq. 3.31), on logarithms: times are skewed, and one long tail is no second mode.
VALLEY: Final = 0.4
SHARE: Final = 0.15
LEAST_OF_MODES: Final = 40  # samples; a density of fewer has valleys by chance
GRID: Final = 256  # points at which the density is looked at
MOST: Final = 1000  # samples looked at for modes, evenly chosen: more would only take time

Times = NDArray[np.float64]


class Modes(NamedTuple):
    """Two modes of a row of samples, in seconds, and the share of samples nearer to the greater."""

    low: float
    high: float
    share: float


def doubts(samples: Sequence[float]) -> tuple[Doubt, ...]:
    """Give what speaks against the median of these samples, in the order they were taken."""
    times = np.asarray(samples, dtype=np.float64)
    if len(times) < LEAST or times.min() <= 0:
        return ()
    found = []
    drift = trend(times)
    if abs(drift) >= MATTERS:
        detail = f"from the first calls to the last the times moved by {drift:+.0%}"
        found.append(Doubt(kind=DoubtKind.DRIFTING, figure=abs(drift), detail=detail))
    modes = two_modes(times)
    if modes is not None:
        detail = f"{modes.share:.0%} of the calls took about {modes.high:.3g} s, the others {modes.low:.3g} s"
        found.append(Doubt(kind=DoubtKind.BIMODAL, figure=modes.high / modes.low, detail=detail))
    if not drift:  # a trend makes neighbours alike, and has its own doubt
        each = len(times) / effective_size(samples)
        if each >= DEPENDENT:
            detail = f"{len(times)} calls in a row tell as much as {len(times) / each:.0f} independent ones"
            found.append(Doubt(kind=DoubtKind.AUTOCORRELATED, figure=each, detail=detail))
    return tuple(found)


def trend(times: Times) -> float:
    """Give the relative change from the first calls to the last; 0 where no test is sure of one."""
    stretches = np.array_split(times, STRETCHES)
    medians = np.asarray([np.median(stretch) for stretch in stretches])
    order = np.arange(STRETCHES)
    if kendalltau(order, medians).pvalue >= SURE:
        return 0.0
    slope = float(theilslopes(medians, order).slope)
    return slope * (STRETCHES - 1) / float(np.median(times))


def two_modes(times: Times) -> Modes | None:
    """Find two modes that are well apart; None where there is one."""
    if len(times) < LEAST_OF_MODES:
        return None
    logs = np.log(times[:: max(1, len(times) // MOST)])
    quartiles = np.quantile(logs, [0.25, 0.75])
    spread = min(float(logs.std(ddof=1)), float(quartiles[1] - quartiles[0]) / 1.34)
    if spread <= 0:
        return None
    width = 0.9 * spread * len(logs) ** -0.2
    grid = np.linspace(logs.min() - 3 * width, logs.max() + 3 * width, GRID)
    density = gaussian_kde(logs, bw_method=width / logs.std(ddof=1))(grid)
    peaks, _ = find_peaks(density)
    best: Modes | None = None
    for left, right in pairwise(peaks):
        valley = left + int(density[left:right].argmin())
        share = float((logs > grid[valley]).mean())
        lowest = min(float(density[: valley + 1].max()), float(density[valley:].max()))
        apart = float(density[valley]) <= VALLEY * lowest and SHARE <= share <= 1 - SHARE
        low = float(grid[int(density[: valley + 1].argmax())])
        high = float(grid[valley + int(density[valley:].argmax())])
        if apart and high - low >= np.log1p(MATTERS):
            best = Modes(float(np.exp(low)), float(np.exp(high)), share)
    return best
