"""OpenVINO on the host's CPU: models exported once with optimum-intel, run by the runtime's own infer requests."""

import importlib
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from pydantic import JsonValue

from farm.contract.errors import ModelInvalid, OutOfMemory, Unsupported
from farm.contract.machine import PlatformStatus
from farm.contract.value import digest
from workers.cache import cached
from workers.engine import Array, Arrays, LoadRequest, Platform
from workers.versions import version

PRECISIONS: Final = ("fp32", "bf16", "int8")
FAST_PRECISION: Final = "bf16"
TAGS: Final = ("openvino",)
START: Final = "fork"
DEVICE: Final = "host"
#: OpenVINO's own properties; `num_streams` 0 leaves the choice to the hint.
OPTIONS: Final = {"performance_hint": "LATENCY", "num_streams": 0}

HINTS: Final = {"fp32": "f32", "bf16": "bf16", "int8": "bf16"}
CAPABILITIES: Final = {"bf16": "BF16", "int8": "INT8"}
EXPORTERS: Final = ("optimum-intel", "optimum", "openvino", "nncf", "transformers", "torch")
WHOLE: Final = "openvino_model.xml"
ENCODER: Final = "openvino_encoder_model.xml"
DECODER: Final = "openvino_decoder_model.xml"


class OpenVinoEngine:
    """Compiled models and one infer request each; no optimum and no torch at run time."""

    def __init__(self, folder: Path, request: LoadRequest) -> None:
        """Read and compile what was exported."""
        self._core = ov.Core()
        self._properties = _properties(request)
        self._requested = 0
        self._names = [name for name in (WHOLE, ENCODER, DECODER) if (folder / name).exists()]
        self._models = {name: self._core.read_model(folder / name) for name in self._names}
        self._compiled = {
            name: self._core.compile_model(model, "CPU", self._properties) for name, model in self._models.items()
        }
        self._requests = {name: compiled.create_infer_request() for name, compiled in self._compiled.items()}
        self._decoder = WHOLE if WHOLE in self._compiled else DECODER
        self._reads = {name: _inputs(compiled) for name, compiled in self._compiled.items()}
        self._logits: Array | None = None
        self._hidden: Any = None
        self._position = 0
        self._mask: Array | None = None
        self._beams: Array = np.zeros(0, dtype=np.int32)

    def place(self, inputs: Arrays) -> dict[str, Array]:
        """Keep what the model reads; the runtime takes arrays as they are."""
        read = {name for names in self._reads.values() for name in names} | {"decoder_input_ids"}
        return {name: np.ascontiguousarray(array) for name, array in inputs.items() if name in read}

    def forward(self, placed: dict[str, Array]) -> dict[str, Array]:
        """Run one pass; the outputs are copied out, as a caller needs them."""
        return self._infer(WHOLE, placed)

    def arrays(self, raw: dict[str, Array]) -> dict[str, Array]:
        """Give the outputs as float32."""
        return {name: np.asarray(value, dtype=np.float32) for name, value in raw.items()}

    def encode(self, placed: dict[str, Array]) -> dict[str, Array]:
        """Run the encoder, where there is one."""
        if ENCODER not in self._compiled:
            return placed
        inputs = {name: placed[name] for name in self._reads[ENCODER] if name in placed}
        self._infer(ENCODER, inputs)
        # The runtime's own tensor goes from encoder to decoder as it is: no copy, and aligned as its kernels want it.
        self._hidden = self._requests[ENCODER].get_output_tensor(0)
        return placed

    def prefill(self, encoded: dict[str, Array]) -> Array:
        """Read the prompt with an empty cache."""
        self._requests[self._decoder].reset_state()
        ids = encoded["input_ids" if self._decoder == WHOLE else "decoder_input_ids"]
        self._position = 0
        self._mask = encoded.get("attention_mask", np.ones_like(ids)) if self._decoder == WHOLE else np.ones_like(ids)
        self._beams = np.arange(len(ids), dtype=np.int32)
        return self._advance(ids)

    def step(self, tokens: Array) -> Array:
        """Read one token per row."""
        if self._mask is None:
            raise RuntimeError("there is no step before the first prefill")
        self._mask = np.concatenate([self._mask, np.ones((len(tokens), 1), dtype=self._mask.dtype)], axis=1)
        return self._advance(tokens[:, None])

    def tokens(self, raw: Array) -> Array:
        """Greedy tokens are arrays already."""
        return raw

    def from_tokens(self, tokens: Array) -> Array:
        """Greedy tokens are arrays already."""
        return tokens

    def logits(self) -> Array:
        """Give the float32 logits of the last prefill or step."""
        if self._logits is None:
            raise RuntimeError("there are no logits before the first prefill")
        return np.asarray(self._logits, dtype=np.float32)

    def parameters(self) -> int:
        """Count the elements of the floating-point and integer weights that the graphs hold."""
        return sum(
            int(np.prod(list(node.get_output_shape(0)), dtype=np.int64))
            for model in self._models.values()
            for node in model.get_ops()
            if node.get_type_name() == "Constant"
        )

    def placement(self) -> dict[str, JsonValue]:
        """Ask the compiled models where they run and how."""
        devices = {
            device for compiled in self._compiled.values() for device in compiled.get_property("EXECUTION_DEVICES")
        }
        first = self._compiled[self._names[0]]
        return {
            "runtime": f"openvino {ov.__version__}",
            "classes": [f"{type(first).__module__}.{type(first).__qualname__}"],
            "execution_devices": [*sorted(devices)],
            "inference_requests": self._requested,
            "inference_precision": str(first.get_property("INFERENCE_PRECISION_HINT").get_type_name()),
            "threads": int(first.get_property("INFERENCE_NUM_THREADS")),
            "streams": int(first.get_property("NUM_STREAMS")),
            "graphs": [*self._names],
        }

    def device_memory(self) -> dict[str, float]:
        """Nothing beside the host's own memory."""
        return {}

    def _advance(self, ids: Array) -> Array:
        length = ids.shape[1]
        beside = {
            "input_ids": ids,
            "attention_mask": self._mask,
            "decoder_attention_mask": self._mask,
            "position_ids": np.arange(self._position, self._position + length, dtype=np.int64)[None].repeat(
                len(ids), 0
            ),
            "cache_position": np.arange(self._position, self._position + length, dtype=np.int64),
            "beam_idx": self._beams,
            "encoder_hidden_states": self._hidden,
        }
        inputs = {name: beside[name] for name in self._reads[self._decoder] if beside.get(name) is not None}
        self._position += length
        self._logits = self._infer(self._decoder, inputs)["logits"][:, -1]
        chosen: Array = self._logits.argmax(-1)
        return chosen

    def _infer(self, name: str, inputs: dict[str, Array]) -> dict[str, Array]:
        self._requested += 1
        results = self._requests[name].infer(inputs, share_inputs=True, share_outputs=False)
        return {port.get_any_name(): value for port, value in results.items()}


class OpenVinoPlatform:
    """The host's processor through OpenVINO."""

    def status(self) -> PlatformStatus:
        """Ask the runtime for its devices and what they can do. Run in a child: it starts threads."""
        core = ov.Core()
        devices = core.available_devices
        if "CPU" not in devices:
            found = ", ".join(devices) or "none"
            reason = f"OpenVINO has no CPU device here (devices: {found})"
            return PlatformStatus(platform="openvino", available=False, reason=reason, tags=TAGS)
        can = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        lacking = {
            precision: f"this CPU's OpenVINO device has no {capability}"
            for precision, capability in CAPABILITIES.items()
            if capability not in can
        }
        tags = (*TAGS, *(f"openvino:{device.lower().split('.')[0]}" for device in devices))
        return PlatformStatus(platform="openvino", available=True, tags=tags, unsupported_precisions=lacking)

    def convert(self, request: LoadRequest) -> float:
        """Export the model to OpenVINO's format and cache it."""
        return _exported(request)[1]

    def load(self, request: LoadRequest) -> Any:
        """Compile the exported model."""
        folder, _ = _exported(request)
        try:
            return OpenVinoEngine(folder, request)
        except MemoryError as error:
            raise OutOfMemory(str(error)) from error
        except RuntimeError as error:
            raise ModelInvalid(f"OpenVINO cannot compile {request.folder.path.name}: {error}") from error


def _exported(request: LoadRequest) -> tuple[Path, float]:
    versions = {name: version(name) for name in EXPORTERS}
    facts: dict[str, JsonValue] = {
        "model": request.folder.key,
        "head": request.head,
        "weights": _weights(request),
        "versions": {**versions},
    }
    return cached(request.cache_dir, "openvino", digest(facts), lambda part: _export(request, part))


def _export(request: LoadRequest, part: Path) -> None:
    """Export with optimum-intel's class for this head; its imports are heavy and only needed here."""
    intel = importlib.import_module("optimum.intel")
    name = f"OVModelFor{request.head}"
    loader = getattr(intel, name, None)
    if loader is None:
        raise Unsupported(f"optimum-intel {version('optimum-intel')} has no {name}")
    quantised = _weights(request) == "int8"
    try:
        model = loader.from_pretrained(
            str(request.folder.path),
            export=True,
            compile=False,
            local_files_only=True,
            load_in_8bit=quantised,
        )
    except (ValueError, KeyError, NotImplementedError) as error:
        raise Unsupported(f"{name} cannot export {request.folder.path.name}: {error}") from error
    model.save_pretrained(str(part))
    for left in part.glob("*.tmp"):
        shutil.rmtree(left, ignore_errors=True)


def _weights(request: LoadRequest) -> str:
    return "int8" if request.precision == "int8" else "fp32"


def _properties(request: LoadRequest) -> dict[str, Any]:
    options = {**OPTIONS, **request.options}
    properties: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": HINTS[request.precision],
        "INFERENCE_NUM_THREADS": request.threads,
        "PERFORMANCE_HINT": str(options["performance_hint"]),
    }
    if options["num_streams"]:
        properties["NUM_STREAMS"] = str(options["num_streams"])
    return properties


def _inputs(compiled: Any) -> tuple[str, ...]:
    """Name the inputs; an input may have several names, and one of them is its argument's."""
    known = {"input_ids", "attention_mask", "token_type_ids", "position_ids", "beam_idx", "input_features"}
    named = []
    for port in compiled.inputs:
        names = port.get_names()
        named.append(next((name for name in sorted(names) if name in known), port.get_any_name()))
    return tuple(named)


PLATFORM: Final[Platform] = OpenVinoPlatform()
