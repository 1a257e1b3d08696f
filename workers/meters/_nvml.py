"""Energy of one NVIDIA GPU from its own total counter, through NVML (Volta and newer)."""

import importlib
from types import ModuleType
from typing import Any, Final

from workers.meters._counter import NoEnergy

MILLI: Final = 1e-3


class Nvml:
    """The total energy counter of one GPU: millijoules in 64 bits, so it never starts anew."""

    def __init__(self, nvml: ModuleType, uuid: str) -> None:
        """Find the GPU by its UUID, which no CUDA_VISIBLE_DEVICES renumbers. Raises: NoEnergy."""
        self._nvml = nvml
        self._before = 0.0
        try:
            nvml.nvmlInit()
            self._handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
            self.source = f"NVML {_word(nvml.nvmlDeviceGetName(self._handle))}"
        except nvml.NVMLError as error:
            raise NoEnergy(f"NVML does not find GPU {uuid}: {error}") from error

    def begin(self) -> None:
        """Read the counter. Raises: NoEnergy."""
        self._before = self._joules()

    def end(self) -> float:
        """Read it again. Raises: NoEnergy."""
        return self._joules() - self._before

    def _joules(self) -> float:
        try:
            return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) * MILLI
        except self._nvml.NVMLError as error:
            raise NoEnergy(f"this GPU does not count its energy: {error}") from error


def first_gpu() -> Nvml:
    """Open the counter of the GPU that PyTorch calls its first. Raises: NoEnergy."""
    try:
        nvml, torch = importlib.import_module("pynvml"), importlib.import_module("torch")
    except ImportError as error:
        raise NoEnergy(f"{error.name} is not installed (pip install nvidia-ml-py)") from error
    if not torch.cuda.is_available():
        raise NoEnergy("PyTorch sees no GPU")
    return Nvml(nvml, f"GPU-{torch.cuda.get_device_properties(0).uuid}")


def _word(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
