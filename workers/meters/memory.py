"""Memory of the process: what it held before the model, its peak, and what is its alone.

The kernel itself keeps the peak, so nothing looks on while calls are timed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import psutil

from workers.measure.footprint import peak, renew_peak
from workers.meter import Device, Meter
from workers.workload import Call


class Memory(Meter):
    """Peak and growth in bytes."""

    def __init__(self, device: Device) -> None:
        """Hold nothing yet."""
        super().__init__(device)
        self._resident = self._unique = self._loading = 0

    def before_loading(self) -> None:
        """Look before the model is loaded, and start the peak anew where the system can."""
        renew_peak()
        found = psutil.Process().memory_full_info()
        self._resident, self._unique = found.rss, found.uss

    def after_warmup(self) -> None:
        """Keep the peak of loading: a search starts the peak anew, so as to leave out what it tried."""
        self._loading = peak()

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Give peak and growth."""
        del calls, batch_size
        found = psutil.Process().memory_full_info()
        highest = max(self._loading, peak(), found.rss)
        return {
            "memory_peak": [float(highest)],
            "memory_growth": [float(max(0, highest - self._resident))],
            "memory_unique": [float(max(0, found.uss - self._unique))],
        }


METER: Final = Memory
