"""PyTorch on the CPU."""

from typing import Any, Final

import torch

from farm.contract.machine import PlatformStatus
from workers.engine import LoadRequest, Platform
from workers.platforms._torch import TorchEngine
from workers.platforms._torch_loading import load_model

PRECISIONS: Final = ("fp32", "bf16", "int8")
FAST_PRECISION: Final = "bf16"
TAGS: Final = ("cpu",)
START: Final = "fork"
DEVICE: Final = "host"
#: `attention`: transformers' word (sdpa, eager), auto leaves the choice to it; `compile`: torch.compile, whose first
#: call takes many seconds; `cache`: dynamic, or static (of fixed size, for models that only decode); `threads`: 0 means
#: the physical cores; `pin`: keep the process on as many processors as it has threads.
OPTIONS: Final = {"attention": "auto", "compile": False, "cache": "dynamic", "threads": 0, "pin": False}
CHOICES: Final = {"attention": ("auto", "sdpa", "eager"), "cache": ("dynamic", "static")}


class CpuPlatform:
    """The host's processor through PyTorch's own kernels."""

    def status(self) -> PlatformStatus:
        """It runs wherever this file can be imported."""
        return PlatformStatus(platform="cpu", available=True, tags=TAGS)

    def convert(self, request: LoadRequest) -> float:
        """PyTorch reads the folder as it is."""
        del request
        return 0.0

    def ready(self, request: LoadRequest) -> None:
        """PyTorch and transformers are there; a model's own module takes milliseconds."""
        del request

    def load(self, request: LoadRequest) -> Any:
        """Load the model onto the CPU."""
        torch.set_num_threads(request.threads)
        return TorchEngine(load_model(request, "cpu"), request, device="cpu")


PLATFORM: Final[Platform] = CpuPlatform()
