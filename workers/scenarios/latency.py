"""Scenario latency (MLPerf: single stream): the next call begins when the last one has ended."""

from collections.abc import Sequence

from farm.contract.job import JobSpec
from workers.measure.outputs import Others
from workers.measure.sampling import durations, sample
from workers.scenario import Found, Timed, Told, Trial
from workers.workload import Call, Workload


def search(trial: Trial) -> Found | None:
    """Nothing is left open."""
    del trial
    return None


def measure(workload: Workload, spec: JobSpec, *, others: Others, seed: int) -> Timed:
    """Time calls until the median of the latency is known."""
    del seed  # nothing is drawn
    sampled = sample(workload, spec.measure, others=others)
    return Timed(
        sampled.calls,
        sampled.kept,
        sampled.asked,
        sampled.beside,
        lambda: Told(speeds(sampled.calls, spec.batch_size), sampled.doubts),
    )


def speeds(calls: Sequence[Call], batch_size: int) -> dict[str, list[float]]:
    """Give latency per call and per item, and items per second, one sample per call."""
    seconds = durations(calls)
    return {
        "latency": seconds,
        "latency_per_item": [each / batch_size for each in seconds],
        "throughput": [batch_size / each for each in seconds],
    }
