"""Memory of the process: what it held before the model, its peak, and what is its alone.

The kernel itself keeps the peak, so nothing looks on while calls are timed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from workers.meter import Device, Meter
from workers.workload import Call

RESET_PEAK: Final = "5"  # clear_refs(5) sets the peak resident set back to the present one (man 5 proc)


class Memory(Meter):
    """Peak and growth in bytes."""

    def __init__(self, device: Device) -> None:
        """Hold nothing yet."""
        super().__init__(device)
        self._resident = self._unique = 0

    def before_loading(self) -> None:
        """Look before the model is loaded, and start the peak anew where the system can."""
        # Where the system refuses, the peak includes the imports; growth is counted from the resident set all the same.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text(RESET_PEAK)
        found = psutil.Process().memory_full_info()
        self._resident, self._unique = found.rss, found.uss

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Give peak and growth."""
        del calls, batch_size
        found = psutil.Process().memory_full_info()
        peak = max(_peak(), found.rss)
        return {
            "memory_peak": [float(peak)],
            "memory_growth": [float(max(0, peak - self._resident))],
            "memory_unique": [float(max(0, found.uss - self._unique))],
        }


def _peak() -> int:
    """Read the highest resident set in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


METER: Final = Memory
