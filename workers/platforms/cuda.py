"""PyTorch on an NVIDIA GPU."""

from typing import Any, Final

import torch
from pydantic import JsonValue

from farm.contract.machine import PlatformStatus
from workers.engine import LoadRequest, Platform
from workers.platforms._torch import STATIC, TorchEngine
from workers.platforms._torch_loading import load_model

PRECISIONS: Final = ("fp32", "tf32", "fp16", "bf16")
FAST_PRECISION: Final = "bf16"
TAGS: Final = ("cuda",)
START: Final = "fresh"  # a CUDA context does not survive a fork
DEVICE: Final = "gpu"
#: `attention`: transformers' word (sdpa, eager), auto leaves the choice to it; `compile`: torch.compile, whose first
#: call takes many seconds; `cache`: dynamic, or static (of fixed size, for models that only decode); `threads`: 0 means
#: the physical cores; `pin`: keep the process on as many processors as it has threads.
OPTIONS: Final = {"attention": "auto", "compile": False, "cache": "dynamic", "threads": 0, "pin": False}
CHOICES: Final = {"attention": ("auto", "sdpa", "eager", "flash_attention_2"), "cache": ("dynamic", "static")}

BF16_SINCE: Final = (8, 0)  # compute capability of Ampere


class CudaEngine(TorchEngine):
    """A model on the first visible GPU."""

    def synchronise(self) -> None:
        """Wait for every kernel: a call returns before its work is done."""
        torch.cuda.synchronize()

    def device_memory(self) -> dict[str, float]:
        """Give the peaks of the caching allocator in bytes, and start them anew."""
        peaks = {
            "device_memory_allocated": float(torch.cuda.max_memory_allocated()),
            "device_memory_reserved": float(torch.cuda.max_memory_reserved()),
        }
        torch.cuda.reset_peak_memory_stats()
        return peaks

    def compile_mode(self, request: LoadRequest) -> str | None:
        """Replay CUDA graphs where every call has the same shapes: one pass, or decoding over a cache of fixed size."""
        same_shapes = bool(request.gives) or request.options.get("cache") == STATIC
        return "reduce-overhead" if same_shapes else None

    def placement(self) -> dict[str, JsonValue]:
        """Say where the model really is, and on which GPU."""
        return super().placement() | {
            "device_name": torch.cuda.get_device_name(),
            "tf32": torch.backends.cuda.matmul.allow_tf32,
        }


class CudaPlatform:
    """One NVIDIA GPU through PyTorch."""

    def status(self) -> PlatformStatus:
        """Say whether there is a GPU that PyTorch can use. Run in a child: it makes a CUDA context."""
        if not torch.backends.cuda.is_built():
            return _absent(f"torch {torch.__version__} is built without CUDA")
        if not torch.cuda.is_available():
            return _absent("no CUDA device: no NVIDIA driver or GPU was found")
        capability = torch.cuda.get_device_capability()
        lacking = {} if capability >= BF16_SINCE else dict.fromkeys(("bf16", "tf32"), "needs compute capability 8.0")
        return PlatformStatus(
            platform="cuda",
            available=True,
            tags=(*TAGS, f"cuda:sm{capability[0]}{capability[1]}"),
            unsupported_precisions=lacking,
        )

    def convert(self, request: LoadRequest) -> float:
        """PyTorch reads the folder as it is."""
        del request
        return 0.0

    def ready(self, request: LoadRequest) -> None:
        """PyTorch and transformers are there; a model's own module takes milliseconds."""
        del request

    def load(self, request: LoadRequest) -> Any:
        """Load the model onto the GPU."""
        torch.set_num_threads(request.threads)
        allow_tf32(request.precision)
        torch.cuda.reset_peak_memory_stats()
        return CudaEngine(load_model(request, "cuda"), request, device="cuda")


def allow_tf32(precision: str) -> None:
    """Let products round to TF32 where that was asked for, and nowhere else: fp32 means IEEE single precision."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"


def _absent(reason: str) -> PlatformStatus:
    return PlatformStatus(platform="cuda", available=False, reason=reason, tags=TAGS)


PLATFORM: Final[Platform] = CudaPlatform()
