"""OpenVINO's compiled graphs with one infer request each: forward, and token by token with the runtime's own state."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from openvino import opset13
from pydantic import JsonValue

from farm.contract.errors import Unsupported
from workers.engine import Array, Arrays
from workers.pinning import allowed
from workers.platforms._openvino_export import WHOLE

ENCODER: Final = "openvino_encoder_model.xml"
DECODER: Final = "openvino_decoder_model.xml"
LANGUAGE: Final = "openvino_language_model.xml"
LOGITS: Final = "logits"
END: Final = 2**31 - 1  # of a slice: past any length
SAMPLED: Final = 256  # values by which a constant is known again
#: Nodes that may stand between the last matrix product of a language model and its output.
AFTER_PRODUCT: Final = ("Convert", "Add")


class OpenVinoEngine:
    """Compiled models and one infer request each; no optimum and no torch at run time."""

    graphs: tuple[str, ...] = (WHOLE, ENCODER, DECODER)

    def __init__(
        self, folder: Path, properties: Mapping[str, Any], *, device: str, example: Arrays | None = None
    ) -> None:
        """Read and compile what was exported; with an example, for its shapes alone.

        Raises: Unsupported for an example of a model that runs in more than one pass.
        """
        core = ov.Core()
        self._requested = 0
        self._names = [name for name in self.graphs if (folder / name).exists()]
        self._decoder = next(name for name in reversed(self._names) if name != ENCODER)
        self._models = {name: core.read_model(folder / name) for name in self._names}
        if example is not None:
            self._fix_shapes(example)
        _keep_last_logits(self._models[self._decoder])
        self._compiled = {
            name: core.compile_model(model, device, dict(properties)) for name, model in self._models.items()
        }
        self._requests = {name: compiled.create_infer_request() for name, compiled in self._compiled.items()}
        self._reads = {name: _inputs(compiled) for name, compiled in self._compiled.items()}
        self._logits: Array | None = None
        self._position = 0
        self._mask: Array | None = None
        self._beams: Array = np.zeros(0, dtype=np.int32)
        self._beside: dict[str, Any] = {}

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
        self._beside = {"encoder_hidden_states": self._requests[ENCODER].get_output_tensor(0)}
        if "attention_mask" in placed:
            self._beside["encoder_attention_mask"] = placed["attention_mask"]
        return placed

    def prefill(self, encoded: dict[str, Array]) -> Array:
        """Read the prompt with an empty cache."""
        if self._decoder == DECODER:
            return self._begin(encoded["decoder_input_ids"], mask=None)
        return self._begin(encoded["input_ids"], mask=encoded.get("attention_mask"))

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
        """Count the elements of the constants that the graphs hold; one that stands in several graphs counts once."""
        return sum({key: size for model in self._models.values() for key, size in _constants(model)}.values())

    def placement(self) -> dict[str, JsonValue]:
        """Ask the compiled models where they run and how."""
        devices = {
            device for compiled in self._compiled.values() for device in compiled.get_property("EXECUTION_DEVICES")
        }
        asked = self._compiled[self._decoder]
        return {
            "runtime": f"openvino {ov.__version__}",
            "classes": [f"{type(asked).__module__}.{type(asked).__qualname__}"],
            "execution_devices": [*sorted(devices)],
            "inference_requests": self._requested,
            "inference_precision": _type_name(asked.get_property("INFERENCE_PRECISION_HINT")),
            "kv_cache_precision": _type_name(asked.get_property("KV_CACHE_PRECISION")),
            "performance_hint": str(asked.get_property("PERFORMANCE_HINT")).rpartition(".")[2],
            "threads": int(asked.get_property("INFERENCE_NUM_THREADS")),
            "processors": allowed(),
            "streams": int(asked.get_property("NUM_STREAMS")),
            "shapes": "dynamic" if any(port.get_partial_shape().is_dynamic for port in asked.inputs) else "static",
            "graphs": [*self._names],
        }

    def device_memory(self) -> dict[str, float]:
        """Nothing beside the host's own memory."""
        return {}

    def _fix_shapes(self, example: Arrays) -> None:
        graph = self._models[self._decoder]
        if self._names != [WHOLE] or graph.get_sinks():
            raise Unsupported("shapes: static is for models of one pass")
        names = {port.get_any_name(): port for port in graph.inputs}
        graph.reshape({port: [*example[name].shape] for name, port in names.items()})

    def _begin(self, ids: Array, *, mask: Array | None) -> Array:
        self._requests[self._decoder].reset_state()
        self._position = 0
        self._mask = np.ones_like(ids) if mask is None else mask
        self._beams = np.arange(len(ids), dtype=np.int32)
        return self._advance(ids)

    def _advance(self, ids: Array, **given: Any) -> Array:
        rows, length = ids.shape
        positions = np.arange(self._position, self._position + length, dtype=np.int64)
        beside = {
            "input_ids": ids,
            "attention_mask": self._mask,
            "decoder_attention_mask": self._mask,
            "position_ids": positions[None].repeat(rows, 0),
            "cache_position": positions,
            "beam_idx": self._beams,
            **self._beside,
            **given,
        }
        inputs = {name: beside[name] for name in self._reads[self._decoder] if beside.get(name) is not None}
        self._position += length
        self._logits = self._infer(self._decoder, inputs)[LOGITS][:, -1]
        chosen: Array = self._logits.argmax(-1)
        return chosen

    def _infer(self, name: str, inputs: dict[str, Array]) -> dict[str, Array]:
        self._requested += 1
        results = self._requests[name].infer(inputs, share_inputs=True, share_outputs=False)
        return {port.get_any_name(): value for port, value in results.items()}


def _keep_last_logits(model: Any) -> None:
    """Let a language model compute the logits of the last token only, as no more are read.

    Its exported graph multiplies every token of a prompt with the vocabulary, a third of a small model's work.
    """
    output = next((port for port in model.outputs if LOGITS in port.get_names()), None)
    if output is None or len(output.get_partial_shape()) != 3 or not model.get_sinks():
        return  # no scores for each token, or no state: no language model
    node = output.get_node().input_value(0).get_node()
    while node.get_type_name() in AFTER_PRODUCT:
        node = node.input_value(0).get_node()
    if node.get_type_name() != "MatMul":
        return
    last = opset13.slice(node.input_value(0), [-1], [END], [1], [1])
    node.input(0).replace_source_output(last.output(0))
    model.validate_nodes_and_infer_types()


def _constants(model: Any) -> Iterator[tuple[tuple[object, ...], int]]:
    """Give a key and the number of elements of each constant; equal shape and a sample of equal values is the same."""
    for node in model.get_ops():
        if node.get_type_name() == "Constant":
            values = node.get_data().reshape(-1)
            sampled = values[:: max(1, values.size // SAMPLED)]
            yield (tuple(node.get_output_shape(0)), str(values.dtype), sampled.tobytes()), int(values.size)


def _inputs(compiled: Any) -> tuple[str, ...]:
    """Name the inputs; an input may have several names, and one of them is its argument's."""
    known = {"input_ids", "attention_mask", "token_type_ids", "position_ids", "beam_idx", "input_features"}
    named = []
    for port in compiled.inputs:
        names = port.get_names()
        named.append(next((name for name in sorted(names) if name in known), port.get_any_name()))
    return tuple(named)


def _type_name(kind: Any) -> str:
    return str(kind.get_type_name())
