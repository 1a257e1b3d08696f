"""How many steps of a generated history are found, and how many alarms there are without one: ours beside simpler ones.

Histories have 30 points and 3 after the step (or without one). The noise has a standard deviation of 3 % each way:
Gaussian, heavy-tailed (Student's t with 3 degrees of freedom), bimodal (two equal modes 5.4 % apart, 1.3 % wide), and
bimodal with one run in five in the slower mode. Found: an alarm at the first point after the step, or one place beside
it. False alarm: any alarm in a history without a step. `--points` and `--after` change the lengths, `--seeds` draws
other histories, `--spread` widens the noise from the step on: with `--step 0` that is a change of the spread alone.

ruptures and apache-otava take part where they are installed; both are given the logarithms.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, ttest_ind

from farm.queries.changes import LEAST_AFTER, LEAST_BEFORE, change_points

Floats = NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]
NOISE = 0.03
NEAR = 1  # places beside the true one that still count as found
PERMUTATIONS = 999


def gaussian(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """Noise as textbooks have it."""
    return rng.normal(0, NOISE, size)


def heavy(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """Now and then a point far out; scaled to the standard deviation of NOISE."""
    return rng.standard_t(3, size) * NOISE / np.sqrt(3)


def bimodal(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """Two speeds, as with threads placed well or badly."""
    return rng.choice([-0.027, 0.027], size) + rng.normal(0, 0.013, size)


def lopsided(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """One run in five is in the slower mode; the same standard deviation."""
    modes = np.where(rng.random(size) < 0.2, 0.8, -0.2) * 0.0676
    return modes + rng.normal(0, 0.013, size)


NOISES = {"gaussian": gaussian, "heavy-tailed": heavy, "bimodal": bimodal, "bimodal 4:1": lopsided}


def ours(figures: Floats) -> list[int]:
    """The farm's: shuffled histories, figures far out drawn in."""
    return [found.place for found in change_points(figures.tolist())]


def ours_any_effect(figures: Floats) -> list[int]:
    """The same without the least effect of 5 %."""
    return [found.place for found in change_points(figures.tolist(), effect=0.0)]


def z_score(figures: Floats) -> list[int]:
    """A point five standard deviations from the mean of all before it."""
    logs = np.log(figures)
    return [
        place for place in range(10, len(logs)) if abs(logs[place] - logs[:place].mean()) > 5 * logs[:place].std(ddof=1)
    ]


def scanned(test: Callable[[Floats, Floats], float], figures: Floats) -> list[int]:
    """The place with the least p-value of a two-sample test, where it is below 1 % for all places together."""
    logs = np.log(figures)
    places = range(LEAST_BEFORE, len(logs) - LEAST_AFTER + 1)
    ps = [test(logs[:place], logs[place:]) for place in places]
    return [places[int(np.argmin(ps))]] if min(ps) * len(ps) <= 0.01 else []


def welch(figures: Floats) -> list[int]:
    """Welch's t-test at every place, Bonferroni."""
    return scanned(lambda a, b: float(ttest_ind(a, b, equal_var=False).pvalue), figures)


def ranks(figures: Floats) -> list[int]:
    """Mann and Whitney's test at every place, Bonferroni."""
    return scanned(lambda a, b: float(mannwhitneyu(a, b, method="asymptotic").pvalue), figures)


def e_divisive(figures: Floats) -> list[int]:
    """E-divisive's first step (Matteson and James, 2014): the energy statistic of every place, shuffled, p = 0.001."""
    logs = np.log(figures)
    rng = np.random.default_rng(1)
    order = np.asarray([np.arange(len(logs)), *(rng.permutation(len(logs)) for _ in range(PERMUTATIONS))])
    statistics = _energy(np.abs(logs[:, None] - logs[None, :]), order)
    p = float(np.mean(statistics.max(axis=1) >= statistics[0].max()))
    return [int(np.argmax(statistics[0])) + LEAST_AFTER] if p <= 1 / (PERMUTATIONS + 1) else []


def _energy(distances: Floats, order: NDArray[np.int64]) -> Floats:
    """Give Q of every place and every order: a row for each order."""
    count = len(distances)
    corner = np.cumsum(np.cumsum(distances[order[:, :, None], order[:, None, :]], axis=1), axis=2)
    places = np.arange(LEAST_AFTER, count - LEAST_AFTER + 1)
    before = corner[:, places - 1, places - 1]
    both = corner[:, places - 1, -1] - before
    after = corner[:, -1, -1][:, None] - before - 2 * both
    n, m = places, count - places
    inner = before / (n * (n - 1)) + after / (m * (m - 1))
    return n * m / count * (2 * both / (n * m) - inner)


def otava(figures: Floats) -> list[int]:
    """apache-otava's change points as it finds them by default: windows, t-tests, p = 0.001."""
    from otava.analysis import compute_change_points

    found, _ = compute_change_points(np.log(figures).tolist(), window_len=50, max_pvalue=0.001, min_magnitude=0.0)
    return [each.index for each in found]


def pelt(figures: Floats) -> list[int]:
    """ruptures' PELT with a least-squares cost and a penalty of 3 log n variances."""
    import ruptures

    logs = np.log(figures)
    spread = np.median(np.abs(np.diff(logs))) / 0.954
    fitted = ruptures.Pelt(model="l2", min_size=LEAST_AFTER, jump=1).fit(logs)
    return list(fitted.predict(pen=3 * np.log(len(logs)) * spread**2)[:-1])


def detectors() -> dict[str, Callable[[Floats], Sequence[int]]]:
    """Give those that can run here."""
    found: dict[str, Callable[[Floats], Sequence[int]]] = {
        "farm trend": ours,
        "farm trend, any effect": ours_any_effect,
        "z-score of 5": z_score,
        "Welch scan, Bonferroni": welch,
        "Mann-Whitney scan, Bonferroni": ranks,
        "E-divisive, p = 0.001": e_divisive,
    }
    for name, module, detector in (("apache-otava", "otava", otava), ("PELT (ruptures)", "ruptures", pelt)):
        if importlib.util.find_spec(module):
            found[name] = detector
    return found


def main() -> None:
    """Print one line per detector: found and false alarms for each noise, and the time for one history."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--after", type=int, default=3)
    parser.add_argument("--step", type=float, default=0.10)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[20260103])
    parser.add_argument("--only", default="", help="detectors whose name begins so")
    asked = parser.parse_args()
    print(
        f"{asked.series} histories of {asked.points} + {asked.after} points, step {asked.step:+.0%}, noise {NOISE:.0%}"
        f", after the step {NOISE * asked.spread:.0%}"
    )
    for seed in asked.seeds:
        print(f"seed {seed:<9} found % / alarms % " + "".join(f"{name:>16}" for name in NOISES) + "    ms")
        for name, detector in detectors().items():
            if name.startswith(asked.only):
                began = time.perf_counter()
                parts = [_rates(detector, noise, asked, seed) for noise in NOISES.values()]
                spent = (time.perf_counter() - began) / asked.series / len(NOISES) / 2
                line = "".join(f"{found * 100:8.1f} / {alarms * 100:4.1f} " for found, alarms in parts)
                print(f"{name:35}{line}{spent * 1e3:6.1f}", flush=True)


def _rates(
    detector: Callable[[Floats], Sequence[int]], noise: Noise, asked: argparse.Namespace, seed: int
) -> tuple[float, float]:
    """Give the shares of histories whose step was found, and of those without a step that gave an alarm."""
    count = asked.points + asked.after
    after = np.arange(count) >= asked.points
    flat = np.exp(noise(np.random.default_rng(seed), (asked.series, count)) * np.where(after, asked.spread, 1))
    stepped = flat * np.where(after, 1 + asked.step, 1)
    hits = [any(abs(place - asked.points) <= NEAR for place in detector(each)) for each in stepped]
    alarms = [len(detector(each)) > 0 for each in flat]
    return float(np.mean(hits)), float(np.mean(alarms))


if __name__ == "__main__":
    main()
