"""OpenVINO on the host's CPU: models exported once, run by the runtime's own infer requests."""

import importlib
from typing import Any, Final

import openvino as ov

from farm.contract.errors import ModelInvalid, OutOfMemory
from farm.contract.machine import PlatformStatus
from workers.engine import LoadRequest, Platform
from workers.platforms._openvino_engine import OpenVinoEngine
from workers.platforms._openvino_export import exported

PRECISIONS: Final = ("fp32", "bf16", "int8")
FAST_PRECISION: Final = "bf16"
TAGS: Final = ("openvino",)
START: Final = "fork"
DEVICE: Final = "host"
#: `performance_hint`, `num_streams` (0: as the hint says), `kv_cache` and `inference_precision` (auto: see HINTS) are
#: the runtime's own properties; `shapes`: static compiles a model of one pass for the job's own shapes, which is a
#: little faster, but leaves no other size to judge by whether time grows with work; `threads`: 0 means the physical
#: cores; `pin`: keep the process on as many processors.
OPTIONS: Final = {
    "performance_hint": "LATENCY",
    "num_streams": 0,
    "kv_cache": "auto",
    "inference_precision": "auto",
    "shapes": "dynamic",
    "threads": 0,
    "pin": False,
}
CHOICES: Final = {
    "performance_hint": ("LATENCY", "THROUGHPUT", "CUMULATIVE_THROUGHPUT"),
    "kv_cache": ("auto", "f32", "bf16", "f16", "u8"),
    "inference_precision": ("auto", "f32", "bf16", "f16"),
    "shapes": ("dynamic", "static"),
}

AUTO: Final = "auto"
RUNTIME: Final = "CPU"  # the runtime's name of the device
#: What is computed in. int8 is of the weights alone: decoding one token at a time waits for weights, not for sums, and
#: pays for every conversion, so it computes in f32; all else in what the runtime finds best on this processor.
HINTS: Final = {"fp32": "f32", "bf16": "bf16"}
DECODES: Final = "CausalLM"
CAPABILITIES: Final = {"bf16": "BF16", "int8": "INT8"}
SEES: Final = "ImageTextToText"


class OpenVinoPlatform:
    """The host's processor through OpenVINO."""

    def status(self) -> PlatformStatus:
        """Ask the runtime for its devices and what they can do. Run in a child: it starts threads."""
        core = ov.Core()
        devices = core.available_devices
        if RUNTIME not in devices:
            found = ", ".join(devices) or "none"
            reason = f"OpenVINO has no CPU device here (devices: {found})"
            return PlatformStatus(platform="openvino", available=False, reason=reason, tags=TAGS)
        can = core.get_property(RUNTIME, "OPTIMIZATION_CAPABILITIES")
        lacking = {
            precision: f"this CPU's OpenVINO device has no {capability}"
            for precision, capability in CAPABILITIES.items()
            if capability not in can
        }
        tags = (*TAGS, *(f"openvino:{device.lower().split('.')[0]}" for device in devices))
        return PlatformStatus(platform="openvino", available=True, tags=tags, unsupported_precisions=lacking)

    def convert(self, request: LoadRequest) -> float:
        """Export the model to OpenVINO's format and cache it."""
        return exported(request)[1]

    def ready(self, request: LoadRequest) -> None:
        """Import optimum-intel where it is needed at run time too; it takes seconds."""
        if request.head == SEES:
            importlib.import_module("optimum.intel")

    def load(self, request: LoadRequest) -> Any:
        """Compile the exported model."""
        folder, _ = exported(request)
        example = request.example if request.options.get("shapes") == "static" else None
        engine: Any = OpenVinoEngine
        if request.head == SEES:
            engine = importlib.import_module("workers.platforms._openvino_vision").OpenVinoVisionEngine
        try:
            return engine(folder, properties(request), device=RUNTIME, example=example)
        except MemoryError as error:
            raise OutOfMemory(str(error)) from error
        except RuntimeError as error:
            raise ModelInvalid(f"OpenVINO cannot compile {request.folder.path.name}: {error}") from error


def properties(request: LoadRequest) -> dict[str, Any]:
    """Give the runtime's properties for a job. fp32 means fp32: its cache of keys and values is not rounded either."""
    options = {**OPTIONS, **request.options}
    chosen: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": request.threads,
        "PERFORMANCE_HINT": str(options["performance_hint"]),
    }
    hint = HINTS.get(request.precision) or ("f32" if request.head == DECODES else AUTO)
    if options["inference_precision"] != AUTO:
        hint = str(options["inference_precision"])
    if hint != AUTO:
        chosen["INFERENCE_PRECISION_HINT"] = hint
    cache = "f32" if request.precision == "fp32" and options["kv_cache"] == AUTO else str(options["kv_cache"])
    if cache != AUTO:
        chosen["KV_CACHE_PRECISION"] = cache
    if options["num_streams"]:
        chosen["NUM_STREAMS"] = str(options["num_streams"])
    return chosen


PLATFORM: Final[Platform] = OpenVinoPlatform()
