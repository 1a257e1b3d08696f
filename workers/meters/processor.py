"""CPU time of the process over the timed calls, all its threads."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from workers.meter import Device, Meter
from workers.workload import Call


class Processor(Meter):
    """CPU seconds per call, and the mean number of cores that were busy with us."""

    def __init__(self, device: Device) -> None:
        """Hold nothing yet."""
        super().__init__(device)
        self._cpu = self._wall = 0.0

    def before_calls(self) -> None:
        """Begin the stretch."""
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def after_calls(self) -> None:
        """End it."""
        self._cpu, self._wall = time.process_time() - self._cpu, time.perf_counter() - self._wall

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Give the means: the clock of a process is too coarse for single calls."""
        del batch_size
        return {"cpu_time": [self._cpu / len(calls)], "cpu_utilisation": [self._cpu / self._wall]}


METER: Final = Processor
