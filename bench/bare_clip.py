"""clip by hand: a picture of 224 x 224 pixels and a sentence of 77 tokens to their two vectors."""

from typing import Any

import numpy as np
from bare import Asked, compiled, run

DICE = np.random.default_rng(0)
IDS = np.concatenate([[[49406]], DICE.integers(1000, 49000, (1, 75)), [[49407]]], axis=1)
INPUTS = {
    "input_ids": IDS,
    "attention_mask": np.ones_like(IDS),
    "pixel_values": DICE.standard_normal((1, 3, 224, 224)).astype(np.float32),
}


def by_torch(given: Asked) -> Any:
    """Give one call with transformers."""
    import torch
    from transformers import CLIPModel

    model = CLIPModel.from_pretrained(given.folder).eval()
    placed = {name: torch.from_numpy(array) for name, array in INPUTS.items()}

    @torch.inference_mode()
    def compare() -> Any:
        found = model(**placed)
        return found.image_embeds.numpy(), found.text_embeds.numpy()

    return compare


def by_openvino(given: Asked) -> Any:
    """Give one call with OpenVINO's own API."""
    request = compiled(given.graphs / "openvino_model.xml", given.threads)

    def compare() -> Any:
        found = request.infer(INPUTS, share_inputs=True)
        return found["image_embeds"], found["text_embeds"]

    return compare


if __name__ == "__main__":
    run(by_torch, by_openvino)
