"""Where a history of figures changed: a permutation test that assumes no distribution. Pure.

In: the figures of one history, the oldest first. Out: the places of its changes; a history without one gives a false
alarm with a probability of at most `false_alarms`, whatever its noise looks like, as long as its order means nothing.

Each number of latest points, from 3 on, is scored by how far their mean lies from that of the points before them: the
logarithm of the likelihood ratio, less a little for each point it takes, because few points are the hardest to tell
from chance. The best score is held against the best scores of shuffled histories, which allows for there being many (P.
H. Westfall and S. S. Young, Resampling-based multiple testing, 1993). Figures far out are drawn in first, the same way
in whatever order, so that a single slow run neither hides a change nor makes one up. After a change both sides are
searched again (binary segmentation).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation

FALSE_ALARMS: Final = 0.01  # for one history without a change
EFFECT: Final = 0.05  # a smaller change, as a share, is found but not told
LEAST_AFTER: Final = 3  # points: one slow run is no change, nor are two
LEAST_BEFORE: Final = 5
LEAST: Final = 12  # points of a history: the order of fewer cannot be surprising enough
REACH: Final = 4.0  # robust standard deviations from the median, beyond which figures are drawn in
FAVOUR: Final = 1.5  # times the logarithm of the number of latest points is taken off a score: see bench/trend.py
SHUFFLES: Final = (499, 4_999)  # a first look, and where it is not plainly nothing, a second
PLAINLY: Final = 0.08  # nothing, at the first look
ALIKE: Final = 1e-9  # scores that differ by less are equal: their sums were added in another order
SEED: Final = 20260102

Floats = NDArray[np.float64]


class ChangePoint(NamedTuple):
    """One change: the place of the first figure after it, the levels of both sides, and its p-value."""

    place: int
    before: float
    after: float
    p: float


def change_points(
    figures: Sequence[float] | Floats, *, false_alarms: float = FALSE_ALARMS, effect: float = EFFECT
) -> list[ChangePoint]:
    """Find the changes of a history; its figures are above zero. The same history always has the same changes."""
    logs = np.log(np.asarray(figures, dtype=np.float64))
    splits = _splits(logs, 0, false_alarms, np.random.default_rng(SEED))
    edges = [0, *(place for place, _ in splits), len(logs)]
    found = []
    for (place, p), start, end in zip(splits, edges, edges[2:], strict=False):
        before, after = _level(logs[start:place]), _level(logs[place:end])
        if abs(after - before) >= np.log1p(effect):
            found.append(ChangePoint(place, float(np.exp(before)), float(np.exp(after)), p))
    return found


def _splits(logs: Floats, offset: int, false_alarms: float, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Find the places of all changes in a stretch that begins at `offset`, in order."""
    if len(logs) < LEAST:
        return []
    tame = drawn_in(logs)
    p = p_value(tame, rng)
    if p > false_alarms:
        return []
    place = _best_split(tame)
    left = _splits(logs[:place], offset, false_alarms, rng)
    return [*left, (offset + place, p), *_splits(logs[place:], offset + place, false_alarms, rng)]


def _level(logs: Floats) -> float:
    """Give the mean with figures far out drawn in: a median would jump between two modes."""
    return float(drawn_in(logs).mean())


def drawn_in(values: Floats) -> Floats:
    """Draw figures that lie far out in to the edge; where more than half are equal there is no edge."""
    middle, scale = np.median(values), median_abs_deviation(values, scale="normal")
    if scale == 0:
        return values
    return np.clip(values, middle - REACH * scale, middle + REACH * scale)


def p_value(values: Floats, rng: np.random.Generator) -> float:
    """Say how often a shuffled history looks as changed as this one."""
    p = 1.0
    for shuffles in SHUFFLES:
        p = _p_value(values, rng, shuffles)
        if p > PLAINLY:
            break
    return p


def _p_value(values: Floats, rng: np.random.Generator, shuffles: int) -> float:
    rows = np.tile(values, (shuffles + 1, 1))
    rng.permuted(rows[1:], axis=1, out=rows[1:])
    best = _scores(rows).max(axis=1)
    return float(np.mean(best >= best[0] - ALIKE))


def _best_split(values: Floats) -> int:
    """Give the place with the best score."""
    return int(len(values) - _latest(len(values))[np.argmax(_scores(values[None]))])


def _scores(rows: Floats) -> Floats:
    """Score each number of latest points of each row; all rows hold the same figures in another order."""
    count, figures = rows.shape[1], rows[0] - rows[0].mean()
    variance = figures.var(ddof=1)
    latest = _latest(count)
    if variance == 0:
        return np.zeros((len(rows), len(latest)))
    sums = np.cumsum((rows - rows[0].mean())[:, ::-1], axis=1)[:, latest - 1]
    squares = sums**2 / (variance * latest * (count - latest) / count)
    return np.asarray(squares / 2 - FAVOUR * np.log(latest))


def _latest(count: int) -> NDArray[np.int64]:
    return np.arange(LEAST_AFTER, count - LEAST_BEFORE + 1)
