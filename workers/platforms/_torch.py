"""PyTorch's side of every torch platform: a loaded model on one device, forward and token by token."""

from collections.abc import Mapping
from typing import Any, Final

import torch
import transformers
from pydantic import JsonValue

from farm.contract.errors import JobFailure, ModelInvalid, OutOfMemory, Unsupported
from workers.engine import Array, Arrays, LoadRequest

DTYPES: Final = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

#: Foreign errors, by a word in their text, as the farm's own.
TRANSLATED: Final[tuple[tuple[str, type[JobFailure]], ...]] = (
    ("out of memory", OutOfMemory),
    ("can't allocate memory", OutOfMemory),
    ("not enough memory", OutOfMemory),
    ("not implemented for", Unsupported),
)

Tensors = dict[str, torch.Tensor]


def translated(error: Exception) -> Exception:
    """Give the farm's error for one of PyTorch's; an unknown one comes back as it is."""
    for word, failure in TRANSLATED:
        if word in str(error):
            return failure(str(error).splitlines()[0])
    return error


def load_model(request: LoadRequest, device: str) -> Any:
    """Load a model in the asked precision.

    Raises: ModelInvalid, OutOfMemory, Unsupported.
    """
    head = "AutoModel" if request.head == "FeatureExtraction" else f"AutoModelFor{request.head}"
    loader = getattr(transformers, head, None)
    if loader is None:
        raise Unsupported(f"transformers {transformers.__version__} has no {head}")
    attention = str(request.options.get("attention", "sdpa"))
    try:
        model = loader.from_pretrained(
            str(request.folder.path),
            dtype=DTYPES[request.precision],
            attn_implementation=attention,
            local_files_only=True,
            use_safetensors=True,
        )
        return model.eval().to(device)
    except (RuntimeError, torch.OutOfMemoryError) as error:
        raise translated(error) from error
    except (OSError, ValueError, KeyError) as error:
        raise ModelInvalid(f"transformers cannot load {request.folder.path.name}: {error}") from error


class TorchEngine:
    """A model on a torch device."""

    def __init__(self, model: Any, request: LoadRequest, *, device: str) -> None:
        """Take a loaded model."""
        self.model = model
        self._request = request
        self._device = torch.device(device)
        self._logits: torch.Tensor | None = None
        self._state: Any = None
        self._encoded: Any = None
        self._mask: torch.Tensor | None = None
        self._call = torch.compile(model) if request.options.get("compile") else model

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
            outputs: Mapping[str, torch.Tensor] = self._call(**placed)
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
        if not self.model.config.is_encoder_decoder:
            return placed
        inputs = {name: value for name, value in placed.items() if not name.startswith("decoder_")}
        with torch.inference_mode():
            self._encoded = self.model.get_encoder()(**inputs)
        self.synchronise()
        return placed

    def prefill(self, encoded: Tensors) -> torch.Tensor:
        """Read the prompt with an empty cache."""
        self._state = None
        if self.model.config.is_encoder_decoder:
            return self._advance({"decoder_input_ids": encoded["decoder_input_ids"]})
        self._mask = encoded.get("attention_mask")
        return self._advance(dict(encoded))

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read one token per row."""
        if self.model.config.is_encoder_decoder:
            return self._advance({"decoder_input_ids": tokens[:, None]})
        inputs = {"input_ids": tokens[:, None]}
        if self._mask is not None:
            self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
            inputs["attention_mask"] = self._mask
        return self._advance(inputs)

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
        """Count the elements of the loaded parameters; tied ones once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def placement(self) -> dict[str, JsonValue]:
        """Say where the model really is."""
        held = [*self.model.parameters(), *self.model.buffers()]
        outputs = sorted({str(self._logits.device.type)}) if self._logits is not None else []
        return {
            "runtime": f"torch {torch.__version__}",
            "classes": [f"{type(self.model).__module__}.{type(self.model).__qualname__}"],
            "weight_devices": [*sorted({tensor.device.type for tensor in held})],
            "output_devices": [*outputs],
            "weight_types": [
                *sorted({str(parameter.dtype).removeprefix("torch.") for parameter in self.model.parameters()})
            ],
            "attention": str(getattr(self.model.config, "_attn_implementation", "unknown")),
            "compiled": self._call is not self.model,
            "threads": torch.get_num_threads(),
        }

    def device_memory(self) -> dict[str, float]:
        """Nothing beside the host's own memory; a platform with a device says more."""
        return {}

    def synchronise(self) -> None:
        """Wait for the device; the CPU is always done."""

    def _advance(self, inputs: dict[str, Any]) -> torch.Tensor:
        if self.model.config.is_encoder_decoder:
            inputs["encoder_outputs"] = self._encoded
        with torch.inference_mode():
            outputs = self._call(**inputs, past_key_values=self._state, use_cache=True)
            self._state = outputs.past_key_values
            self._logits = outputs.logits[:, -1]
            chosen: torch.Tensor = self._logits.argmax(-1)
        self.synchronise()
        return chosen
