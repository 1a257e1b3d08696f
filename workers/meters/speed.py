"""Latency, throughput and CPU use from the timed calls."""

import time
from collections.abc import Sequence

from workers.measure.sampling import durations
from workers.workload import Call


def readings(calls: Sequence[Call], *, batch_size: int) -> dict[str, list[float]]:
    """Give latency per call and per item, and items per second, one sample per call."""
    seconds = durations(calls)
    return {
        "latency": seconds,
        "latency_per_item": [each / batch_size for each in seconds],
        "throughput": [batch_size / each for each in seconds],
    }


class CpuUse:
    """CPU seconds of this process over a stretch of wall time."""

    def __init__(self) -> None:
        """Begin the stretch."""
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def readings(self) -> dict[str, list[float]]:
        """End it: give the mean number of cores that were busy with us."""
        wall = time.perf_counter() - self._wall
        return {"cpu_utilisation": [(time.process_time() - self._cpu) / wall]} if wall > 0 else {}
