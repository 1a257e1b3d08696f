"""Energy per timed call, from the counters of the processor packages and of the GPU; absent with a reason elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from workers.meter import Device, Meter
from workers.meters import _nvml, _rapl
from workers.meters._counter import Counter, NoEnergy
from workers.workload import Call

HOST: Final = "host_energy"
GPU: Final = "gpu_energy"


class Energy(Meter):
    """Reads each counter twice, around all timed calls: between two calls it has often not moved."""

    def __init__(
        self,
        device: Device,
        *,
        host: Callable[[], Counter] = _rapl.Rapl,
        gpu: Callable[[], Counter] = _nvml.first_gpu,
    ) -> None:
        """Take how the counters are opened; the GPU's is left alone where the host is measured."""
        super().__init__(device)
        self._openers = {HOST: host, **({GPU: gpu} if device == "gpu" else {})}
        self._counters: dict[str, Counter] = {}
        self._joules: dict[str, float] = {}
        self._absent: dict[str, JsonValue] = {}

    def before_calls(self) -> None:
        """Open the counters and read them."""
        for metric, opener in self._openers.items():
            try:
                counter = opener()
                counter.begin()
            except NoEnergy as reason:
                self._absent[metric] = str(reason)
            else:
                self._counters[metric] = counter

    def after_calls(self) -> None:
        """Read them again."""
        for metric, counter in self._counters.items():
            try:
                self._joules[metric] = counter.end()
            except NoEnergy as reason:
                self._absent[metric] = str(reason)

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Give joules per call; a counter that did not move in all that time gives none."""
        del batch_size
        for metric in [metric for metric, joules in self._joules.items() if joules <= 0]:
            del self._joules[metric]
            self._absent[metric] = "the counter did not move while calls were timed"
        return {metric: [joules / len(calls)] for metric, joules in self._joules.items()}

    def facts(self) -> Mapping[str, JsonValue]:
        """Say who counted, and why what is missing is missing."""
        sources: dict[str, JsonValue] = {metric: self._counters[metric].source for metric in self._joules}
        told: dict[str, JsonValue] = {"energy_source": sources, "energy_absent": self._absent}
        return {name: fact for name, fact in told.items() if fact}


METER: Final = Energy
