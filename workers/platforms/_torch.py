"""PyTorch's side of every torch platform: a loaded model on one device, forward and token by token."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

import torch
import transformers
from pydantic import JsonValue

from farm.contract.errors import Unsupported
from workers.engine import Array, Arrays, LoadRequest
from workers.pinning import allowed
from workers.platforms._torch_loading import tied, translated

STATIC: Final = "static"
DECODER: Final = "decoder_"  # how the names of a decoder's own inputs begin

Tensors = dict[str, torch.Tensor]


class TorchEngine:
    """A model on a torch device."""

    def __init__(self, model: Any, request: LoadRequest, *, device: str) -> None:
        """Take a loaded model."""
        self.model = model
        self._request = request
        self._device = torch.device(device)
        self._two_parts = bool(model.config.is_encoder_decoder)
        self._compiled = bool(request.options.get("compile"))
        self._call = self._maybe_compiled(model)
        self._encoder = self._maybe_compiled(model.get_encoder()) if self._two_parts else None
        # Prompts need the logits of their last token only; a model that cannot be told so computes them all.
        self._last_only = (
            {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
        )
        self._static = self._static_cache() if request.options.get("cache") == STATIC else None
        self._logits: torch.Tensor | None = None
        self._state: Any = None
        self._beside: dict[str, Any] = {}

    def place(self, inputs: Arrays) -> Tensors:
        """Move inputs to the device and give floating-point ones the model's type."""
        placed = {}
        for name, array in inputs.items():
            tensor = torch.as_tensor(array)
            dtype = self.model.dtype if tensor.is_floating_point() else tensor.dtype
            placed[name] = tensor.to(self._device, dtype)
        return placed

    def forward(self, placed: Tensors) -> Mapping[str, torch.Tensor]:
        """Run one pass and wait for it."""
        with torch.inference_mode():
            outputs: Mapping[str, torch.Tensor] = _done(self._call, placed)
        self.synchronise()
        return outputs

    def arrays(self, raw: Mapping[str, torch.Tensor]) -> dict[str, Array]:
        """Turn named outputs into float32 arrays; what is no tensor is left out."""
        return {
            name: value.detach().to("cpu", torch.float32).numpy()
            for name, value in raw.items()
            if isinstance(value, torch.Tensor)
        }

    def encode(self, placed: Tensors) -> Tensors:
        """Run the encoder of an encoder-decoder model; a decoder-only model has none."""
        if self._encoder is None:
            return placed
        inputs = _unpadded({name: value for name, value in placed.items() if not name.startswith(DECODER)})
        with torch.inference_mode():
            self._beside = {"encoder_outputs": _done(self._encoder, inputs)}
        if "attention_mask" in inputs:
            self._beside["attention_mask"] = inputs["attention_mask"]
        self.synchronise()
        return placed

    def prefill(self, encoded: Tensors) -> torch.Tensor:
        """Read the prompt with an empty cache."""
        self._state = self._static
        if self._static is not None:
            with torch.inference_mode():  # its tensors were made in that mode
                self._static.reset()
        if self._two_parts:
            return self._advance({"decoder_input_ids": encoded["decoder_input_ids"], **self._beside})
        inputs = _unpadded(encoded)
        self._beside = {"attention_mask": inputs["attention_mask"]} if "attention_mask" in inputs else {}
        return self._advance({**inputs, **self._last_only})

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read one token per row."""
        if self._two_parts:
            return self._advance({"decoder_input_ids": tokens[:, None], **self._beside})
        if self._beside:
            self._beside["attention_mask"] = torch.nn.functional.pad(self._beside["attention_mask"], (0, 1), value=1)
        return self._advance({"input_ids": tokens[:, None], **self._beside})

    def tokens(self, raw: torch.Tensor) -> Array:
        """Turn greedy tokens into an int64 array."""
        array: Array = raw.cpu().numpy()
        return array

    def from_tokens(self, tokens: Array) -> torch.Tensor:
        """Turn an int64 array into tokens on the device."""
        return torch.as_tensor(tokens).to(self._device)

    def logits(self) -> Array:
        """Give the float32 logits of the last prefill or step."""
        if self._logits is None:
            raise RuntimeError("there are no logits before the first prefill")
        array: Array = self._logits.to("cpu", torch.float32).numpy()
        return array

    def parameters(self) -> int:
        """Count the elements of the loaded parameters, quantised ones included; tied ones once."""
        held = sum(int(tensor.numel()) for tensor in (*self.model.parameters(), *self._quantised()))
        return held - self._twice()

    def placement(self) -> dict[str, JsonValue]:
        """Say where the model really is."""
        held = [*self.model.parameters(), *self.model.buffers()]
        weights = [*self.model.parameters(), *(tensor for tensor in self._quantised() if tensor.is_quantized)]
        outputs = sorted({str(self._logits.device.type)}) if self._logits is not None else []
        return {
            "runtime": f"torch {torch.__version__}",
            "classes": [f"{type(self.model).__module__}.{type(self.model).__qualname__}"],
            "weight_devices": [*sorted({tensor.device.type for tensor in held})],
            "output_devices": [*outputs],
            "weight_types": [*sorted({str(tensor.dtype).removeprefix("torch.") for tensor in weights})],
            "attention": str(getattr(self.model.config, "_attn_implementation", "unknown")),
            "compiled": self._compiled,
            "cache": STATIC if self._static is not None else "dynamic",
            "threads": torch.get_num_threads(),
            "processors": allowed(),
        }

    def device_memory(self) -> dict[str, float]:
        """Nothing beside the host's own memory; a platform with a device says more."""
        return {}

    def synchronise(self) -> None:
        """Wait for the device; the CPU is always done."""

    def compile_mode(self, request: LoadRequest) -> str | None:
        """Give torch.compile's mode; a platform whose launches cost much says another than the default."""
        del request
        return None

    def _advance(self, inputs: dict[str, Any]) -> torch.Tensor:
        with torch.inference_mode():
            outputs = _done(self._call, {**inputs, "past_key_values": self._state, "use_cache": True})
            self._state = outputs.past_key_values
            self._logits = outputs.logits[:, -1]
            chosen: torch.Tensor = self._logits.argmax(-1)
        self.synchronise()
        return chosen

    def _maybe_compiled(self, module: Any) -> Any:
        return torch.compile(module, mode=self.compile_mode(self._request)) if self._compiled else module

    def _static_cache(self) -> Any:
        """Make a cache of fixed size, which compiled graphs can be replayed over."""
        if self._two_parts or "input_ids" not in self._request.example:
            raise Unsupported("cache: static is for models that only decode")
        longest = self._request.example["input_ids"].shape[1] + self._request.new_tokens
        return transformers.StaticCache(config=self.model.config, max_cache_len=longest)

    def _quantised(self) -> list[torch.Tensor]:
        """Give weight and bias of every quantised layer; they are no parameters to PyTorch."""
        layers = (module for module in self.model.modules() if isinstance(module, torch.ao.nn.quantized.dynamic.Linear))
        packed = (tensor for layer in layers for tensor in (layer.weight(), layer.bias()))
        return [tensor for tensor in packed if tensor is not None]

    def _twice(self) -> int:
        """Count the weights that quantising made a second time: it copies an output layer tied to the embedding."""
        output = self.model.get_output_embeddings()
        if not isinstance(output, torch.ao.nn.quantized.dynamic.Linear) or not tied(self.model):
            return 0
        return int(output.weight().numel())


def _done(call: Any, inputs: Mapping[str, Any]) -> Any:
    """Call a module. Raises: the farm's own error for one of PyTorch's, such as OutOfMemory."""
    try:
        return call(**inputs)
    except RuntimeError as error:
        raise translated(error) from error


def _unpadded(inputs: Tensors) -> Tensors:
    """Leave out a mask that hides nothing: without it attention needs no mask at all, and no look at it per token."""
    mask = inputs.get("attention_mask")
    if mask is None or not bool(mask.all()):
        return inputs
    return {name: value for name, value in inputs.items() if name != "attention_mask"}
