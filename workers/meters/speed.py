"""Latency and throughput from the timed calls."""

from collections.abc import Mapping, Sequence
from typing import Final

from workers.measure.sampling import durations
from workers.meter import Meter
from workers.workload import Call


class Speed(Meter):
    """Times of calls and items."""

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Give latency per call and per item, and items per second, one sample per call."""
        seconds = durations(calls)
        return {
            "latency": seconds,
            "latency_per_item": [each / batch_size for each in seconds],
            "throughput": [batch_size / each for each in seconds],
        }


METER: Final = Speed
