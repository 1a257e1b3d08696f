"""Counts what one call must do: FLOPs by PyTorch's counter, and the weights that each pass really reads.

The model runs once more on the CPU, behind an engine that looks at every pass; nothing of this is ever timed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch.utils.flop_counter import FlopCounterMode

from workers.engine import Array, Arrays, Placed, Raw
from workers.measure.attention import ATTENTION
from workers.measure.roofline import Pass, Work

COUNTED_TOKENS: Final = 3  # the prompt's and two steps: the second tells how much a step grows


class CountingEngine:
    """A PyTorch engine whose passes are counted."""

    def __init__(self, engine: Any, *, gives: tuple[str, ...]) -> None:
        """Take an engine; `gives` names the outputs of a single pass that are read."""
        self._engine = engine
        self._engine.model.requires_grad_(False)  # else the counter asks for gradients that inference mode has not
        self._gives = gives
        self._passes: list[Pass] = []

    def work(self) -> Work:
        """Give what was counted since it was made: the passes before the steps, a step, and its growth."""
        steps = [each for each in self._passes if each.kept]
        once = tuple(each for each in self._passes if not each.kept and each.weights)
        if not steps:
            return Work(once=once)
        first, second = steps[0], steps[min(1, len(steps) - 1)]
        return Work(once=once, step=first, growth=Pass(*(b - a for a, b in zip(first, second, strict=True))))

    def place(self, inputs: Arrays) -> Placed:
        """Pass on."""
        return self._engine.place(inputs)

    def arrays(self, raw: Raw) -> dict[str, Array]:
        """Pass on."""
        found: dict[str, Array] = self._engine.arrays(raw)
        return found

    def forward(self, placed: Placed) -> Raw:
        """Count the pass, and the outputs that are read."""
        raw = self._counted(lambda: self._engine.forward(placed), reads=_bytes(placed))
        written = _bytes({name: raw[name] for name in self._gives if name in raw})
        self._passes[-1] = self._passes[-1]._replace(moved=self._passes[-1].moved + written)
        return raw

    def encode(self, placed: Placed) -> Placed:
        """Count the encoder's pass; where there is no encoder it reads no weights and is left out."""
        return self._counted(lambda: self._engine.encode(placed), reads=_bytes(placed))

    def prefill(self, encoded: Placed) -> Raw:
        """Count the pass over the prompt; what it keeps is written, not read."""
        raw = self._counted(lambda: self._engine.prefill(encoded))
        self._passes[-1] = self._passes[-1]._replace(kept=0.0)
        return raw

    def step(self, tokens: Raw) -> Raw:
        """Count the pass over one token per row."""
        return self._counted(lambda: self._engine.step(tokens))

    def tokens(self, raw: Raw) -> Array:
        """Pass on."""
        found: Array = self._engine.tokens(raw)
        return found

    def from_tokens(self, tokens: Array) -> Raw:
        """Pass on."""
        return self._engine.from_tokens(tokens)

    def logits(self) -> Array:
        """Pass on."""
        found: Array = self._engine.logits()
        return found

    def _counted(self, call: Callable[[], Any], *, reads: float = 0.0) -> Any:
        seen = _Seen()
        with FlopCounterMode(display=False, custom_mapping=dict(ATTENTION)) as counter, seen.looking():
            found = call()
        flops = float(counter.get_total_flops())
        self._passes.append(Pass(flops=flops, weights=sum(seen.weights.values()), kept=seen.kept, moved=reads))
        return found


class _Seen:
    """Which weights the modules read that ran, and how much they kept of keys and values."""

    def __init__(self) -> None:
        self.weights: dict[int, float] = {}  # elements by address: tied weights count once
        self.kept = 0.0

    @contextmanager
    def looking(self) -> Iterator[None]:
        handle = torch.nn.modules.module.register_module_forward_hook(self._after)
        try:
            yield
        finally:
            handle.remove()

    def _after(self, module: Any, inputs: Any, output: Any) -> None:
        del inputs
        for weight in module.parameters(recurse=False):
            looked_up = isinstance(module, torch.nn.Embedding)
            read = min(output.numel(), weight.numel()) if looked_up else weight.numel()
            address = weight.data_ptr()
            self.weights[address] = max(float(read), self.weights.get(address, 0.0))
        kept = getattr(output, "past_key_values", None)
        if kept is not None:
            self.kept = _kept(kept)


def _kept(cache: Any) -> float:
    """Count the elements of the keys and values of all layers, those of cross-attention included."""
    parts = [getattr(cache, name, None) for name in ("self_attention_cache", "cross_attention_cache")]
    layers = [layer for part in (parts if any(parts) else [cache]) if part is not None for layer in part.layers]
    held = [getattr(layer, name, None) for layer in layers for name in ("keys", "values")]
    return float(sum(tensor.numel() for tensor in held if tensor is not None))


def _bytes(tensors: Mapping[str, Any]) -> float:
    held = [tensor for tensor in tensors.values() if isinstance(tensor, torch.Tensor)]
    return float(sum(tensor.numel() * tensor.element_size() for tensor in held))
