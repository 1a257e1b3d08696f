"""Looks on at the runtimes themselves while a call is made: what was multiplied where, and which graphs were run.

Nothing here asks the implementation. Only runtimes that are loaded are looked at; nothing of this is ever timed.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

from farm.contract.value import Value

#: Which file looks at which runtime.
EYES: Final[Mapping[str, str]] = {
    "torch": "workers.measure._torch_eye",
    "openvino": "workers.measure._openvino_eye",
}


class Graph(Value):
    """A compiled graph of OpenVINO that was run, as the runtime tells of it."""

    devices: tuple[str, ...]
    computes_in: str  # the runtime's word: f32, bf16, ...
    weights: int  # elements of its constants
    runs: int


class Watched(Value):
    """What the runtimes did in one call."""

    flops_on: dict[str, float] = {}  # of PyTorch's products and attention, by device
    flops_in: dict[str, float] = {}  # the same by the type of the factors
    weights: float = 0.0  # elements that PyTorch read and did not make in this call: weights, buffers and inputs
    graphs: tuple[Graph, ...] = ()  # of OpenVINO

    @property
    def flops(self) -> float:
        """Give all of PyTorch's FLOPs."""
        return sum(self.flops_on.values())

    @property
    def runs(self) -> int:
        """Give the number of inferences by OpenVINO."""
        return sum(graph.runs for graph in self.graphs)


def ready() -> None:
    """Import what looks at the runtimes that are loaded: before an implementation is, which could put another there."""
    for runtime, module in EYES.items():
        if runtime in sys.modules:
            importlib.import_module(module)


def watched(call: Callable[[], object]) -> Watched:
    """Make the call once and tell what the runtimes did in it."""
    with ExitStack() as stack:
        eyes: list[Any] = [
            stack.enter_context(importlib.import_module(module).Eye())
            for runtime, module in EYES.items()
            if runtime in sys.modules
        ]
        call()
    told: dict[str, Any] = {}
    for eye in eyes:
        told |= eye.told()
    return Watched(**told)
