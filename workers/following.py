"""The PyTorch model that answers are held against, on the CPU in fp32; it can follow tokens that another one wrote."""

from typing import Any, Final

import torch

from workers.engine import Array, LoadRequest
from workers.platforms._torch import TorchEngine
from workers.platforms._torch_loading import load_model

FP32: Final = 4  # bytes
SMALL: Final = 128 * 2**20  # bytes of weights; what loading more of them takes is little beside such a model's calls

_staying: dict[str, Any] = {}  # one model at most, by its content key and head


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


def follower(request: LoadRequest) -> Follower:
    """Load the model plainly, whatever the platform's file makes of it by now."""
    plain = _plain(request)
    return Follower(load_model(plain, "cpu"), plain, device="cpu")


def staying(request: LoadRequest) -> Follower:
    """Do the same, but keep a small model in this process, for further calls of the same one.

    Its weights are copied out of the files: as long as two processes map a file, neither has its pages alone, and the
    memory of the one that is measured would seem less.
    """
    if request.folder.parameters * FP32 > SMALL:
        return follower(request)
    plain, key = _plain(request), f"{request.folder.key} {request.head}"
    if key not in _staying:
        _staying.clear()
        _staying[key] = _copied(load_model(plain, "cpu"))
    return Follower(_staying[key], plain, device="cpu")


def _plain(request: LoadRequest) -> LoadRequest:
    if torch.get_num_threads() != request.threads:
        torch.set_num_threads(request.threads)
    return request._replace(precision="fp32", options={})


def _copied(model: Any) -> Any:
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()
    return model
