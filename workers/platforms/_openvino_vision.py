"""OpenVINO's engine for language models that see: optimum-intel joins picture and text, the language model is ours."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from farm.contract.errors import Unsupported
from workers.engine import Array, Arrays
from workers.platforms._openvino_engine import LANGUAGE, OpenVinoEngine

READ: Final = ("input_ids", "attention_mask", "pixel_values", "image_sizes")


class OpenVinoVisionEngine(OpenVinoEngine):
    """A language model driven by its own infer request; its embeddings come from optimum-intel's parts."""

    graphs = (LANGUAGE,)

    def __init__(
        self, folder: Path, properties: Mapping[str, Any], *, device: str, example: Arrays | None = None
    ) -> None:
        """Compile the language model here, and the embeddings of text and picture by optimum-intel's class."""
        super().__init__(folder, properties, device=device, example=example)
        self._torch: Any = importlib.import_module("torch")
        loader = importlib.import_module("optimum.intel").OVModelForVisualCausalLM
        self._parts: Any = loader.from_pretrained(
            str(folder), compile=False, device=device, ov_config=dict(properties), local_files_only=True
        )
        self._parts.vision_embeddings.compile()
        self._parts.get_text_embeddings(self._torch.zeros((1, 1), dtype=self._torch.long))  # compiles that part
        self._models |= {
            "openvino_text_embeddings_model.xml": self._parts.language_model.text_emb_model,
            "openvino_vision_embeddings_model.xml": self._parts.vision_embeddings.model,
        }

    def place(self, inputs: Arrays) -> dict[str, Any]:
        """Make tensors, which optimum-intel's parts want; they share the arrays' memory."""
        return {name: self._torch.as_tensor(inputs[name]) for name in READ if name in inputs}

    def prefill(self, encoded: dict[str, Any]) -> Array:
        """Embed picture and text, and read both with an empty cache."""
        self._requested += 2
        try:
            with self._torch.inference_mode():
                embedded, mask, _ = self._parts.get_multimodal_embeddings(**encoded)
        except (RuntimeError, ValueError) as error:  # 2.1 mistakes the height of a grid of tiles for its width
            raise Unsupported(f"optimum-intel cannot join this model's picture and text: {error}") from error
        ids = encoded["input_ids"].numpy()
        self._beside = {"inputs_embeds": np.asarray(embedded)}
        return self._begin(ids, mask=mask.numpy())

    def step(self, tokens: Array) -> Array:
        """Embed and read one token per row."""
        self._requested += 1
        embedded = self._parts.get_text_embeddings(self._torch.as_tensor(tokens[:, None]))
        self._beside = {"inputs_embeds": np.asarray(embedded)}
        return super().step(tokens)
