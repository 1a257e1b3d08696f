"""The PyTorch model that answers are held against, on the CPU in fp32; it can follow tokens that another one wrote."""

from typing import Any

import torch

from workers.engine import Array, LoadRequest
from workers.platforms._torch import TorchEngine
from workers.platforms._torch_loading import load_model


class Follower(TorchEngine):
    """A model that reads what was written and says what it would have thought of each token."""

    def along(self, placed: Any, tokens: Array) -> Array:
        """Give the logits (batch, steps, vocabulary) before each of these tokens (batch, steps), in two passes."""
        self.prefill(self.encode(placed))
        first = self.logits()[:, None]
        if tokens.shape[1] == 1:
            return first
        written = torch.as_tensor(tokens[:, :-1])
        beside = dict(self._beside)
        if not self._two_parts and "attention_mask" in beside:
            mask = beside["attention_mask"]
            beside["attention_mask"] = torch.nn.functional.pad(mask, (0, written.shape[1]), value=1)
        name = "decoder_input_ids" if self._two_parts else "input_ids"
        with torch.inference_mode():
            outputs = self.model(**{name: written, **beside, "past_key_values": self._state, "use_cache": True})
        rest = outputs.logits.to(torch.float32).numpy()
        joined: Array = torch.cat([torch.as_tensor(first), torch.as_tensor(rest)], dim=1).numpy()
        return joined


def follower(request: LoadRequest, *, precision: str = "fp32") -> Follower:
    """Load the model plainly, whatever the platform's file makes of it by now."""
    plain = request._replace(precision=precision, options={})
    threads = torch.get_num_threads()
    if threads != request.threads:
        torch.set_num_threads(request.threads)
    return Follower(load_model(plain, "cpu"), plain, device="cpu")
