"""What is kept of a row of samples: count, centre, spread, percentiles and a confidence interval."""

from farm.contract.value import Value


class Statistics(Value):
    """Summary of n samples in the metric's own SI unit.

    A percentile is None where n does not support it: fewer than about one sample would lie beyond it.
    `ci_low` and `ci_high` bound the median with 95 % confidence; None for one process with fewer than 6 independent
    samples. `stddev` is the spread within a process, pooled over the repeats (fresh processes); None where no repeat
    has two samples. `between_stddev` is the standard deviation of the repeats' medians; None with one repeat.
    """

    n: int
    mean: float
    median: float
    minimum: float
    maximum: float
    stddev: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    repeats: int = 1
    between_stddev: float | None = None
