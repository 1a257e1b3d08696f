"""bert-tiny and minilm by hand: one sentence of 128 tokens, mean-pooled and normalised."""

from typing import Any

import numpy as np
from bare import Asked, compiled, run

LENGTH = 128
IDS = np.random.default_rng(0).integers(1000, 30000, (1, LENGTH))
INPUTS = {"input_ids": IDS, "attention_mask": np.ones_like(IDS), "token_type_ids": np.zeros_like(IDS)}
#: In float32, as sentence-transformers has it: with integers NumPy would pool in float64.
MASK = INPUTS["attention_mask"][:, :, None].astype(np.float32)


def by_torch(given: Asked) -> Any:
    """Give one call with transformers."""
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(given.folder).eval()
    placed = {name: torch.from_numpy(array) for name, array in INPUTS.items()}
    mask = torch.from_numpy(MASK)

    @torch.inference_mode()
    def embed() -> Any:
        hidden = model(**placed).last_hidden_state
        return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()

    return embed


def by_openvino(given: Asked) -> Any:
    """Give one call with OpenVINO's own API."""
    request = compiled(given.graphs / "openvino_model.xml", given.threads)

    def embed() -> Any:
        hidden = request.infer(INPUTS, share_inputs=True)[0]
        pooled = (hidden * MASK).sum(1) / MASK.sum(1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    return embed


if __name__ == "__main__":
    run(by_torch, by_openvino)
