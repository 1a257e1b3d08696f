"""PyTorch on the CPU."""

from typing import Any, Final

import torch

from farm.contract.machine import PlatformStatus
from workers.engine import LoadRequest, Platform
from workers.platforms._torch import TorchEngine, load_model

PRECISIONS: Final = ("fp32", "bf16")
FAST_PRECISION: Final = "bf16"
TAGS: Final = ("cpu",)
START: Final = "fork"
DEVICE: Final = "host"
#: `attention`: transformers' word (sdpa, eager); `compile`: torch.compile, whose first call takes many seconds.
OPTIONS: Final = {"attention": "sdpa", "compile": False}


class CpuPlatform:
    """The host's processor through PyTorch's own kernels."""

    def status(self) -> PlatformStatus:
        """It runs wherever this file can be imported."""
        return PlatformStatus(platform="cpu", available=True, tags=TAGS)

    def convert(self, request: LoadRequest) -> float:
        """PyTorch reads the folder as it is."""
        del request
        return 0.0

    def load(self, request: LoadRequest) -> Any:
        """Load the model onto the CPU."""
        torch.set_num_threads(request.threads)
        return TorchEngine(load_model(request, "cpu"), request, device="cpu")


PLATFORM: Final[Platform] = CpuPlatform()
