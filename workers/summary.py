"""From the raw samples of all repeats to the statistics that are stored."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from farm.contract.errors import PythonError
from farm.contract.metrics import METRICS
from farm.contract.result import Measurement, Outcome
from farm.contract.statistics import Statistics
from workers.measure.interval import interval_of_repeats

#: Percentile and the least n for which at least one sample is expected beyond it.
PERCENTILES: Final = (("p90", 90, 10), ("p95", 95, 20), ("p99", 99, 100))


def summarise(outcomes: Sequence[Outcome]) -> tuple[Measurement, ...]:
    """Summarise each metric over all outcomes; each outcome that has samples of it counts as one repeat.

    Raises: PythonError for a metric that has no row in farm.contract.metrics.
    """
    samples: dict[str, list[tuple[float, ...]]] = {}
    for outcome in outcomes:
        for reading in outcome.readings:
            if reading.metric not in METRICS:
                raise PythonError(f"{reading.metric} has no row in farm.contract.metrics")
            if reading.samples:
                samples.setdefault(reading.metric, []).append(reading.samples)
    return tuple(
        Measurement(metric=metric, statistics=statistics(repeats), samples=tuple(repeats))
        for metric, repeats in samples.items()
    )


def statistics(repeats: Sequence[Sequence[float]]) -> Statistics:
    """Summarise the samples of one metric, one row per repeat."""
    pooled = np.concatenate([np.asarray(repeat, dtype=np.float64) for repeat in repeats])
    n = len(pooled)
    bounds = interval_of_repeats(repeats)
    medians = [float(np.median(repeat)) for repeat in repeats]
    percentiles = {name: float(np.percentile(pooled, share)) for name, share, least in PERCENTILES if n >= least}
    return Statistics(
        n=n,
        mean=float(pooled.mean()),
        median=float(np.median(pooled)),
        minimum=float(pooled.min()),
        maximum=float(pooled.max()),
        stddev=_within(repeats),
        ci_low=bounds[0] if bounds else None,
        ci_high=bounds[1] if bounds else None,
        repeats=len(repeats),
        between_stddev=float(np.std(medians, ddof=1)) if len(medians) > 1 else None,
        **percentiles,
    )


def _within(repeats: Sequence[Sequence[float]]) -> float | None:
    """Give the standard deviation within one process, pooled over the repeats; None where each has one sample."""
    freedom = [len(repeat) - 1 for repeat in repeats]
    if not any(freedom):
        return None
    variances = [float(np.var(repeat, ddof=1)) if free else 0.0 for repeat, free in zip(repeats, freedom, strict=True)]
    return float(np.sqrt(np.average(variances, weights=freedom)))
