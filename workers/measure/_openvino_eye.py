"""Sees every inference that OpenVINO is asked for from Python, at the runtime's own class of requests."""

from collections.abc import Callable
from math import prod
from typing import Any, Final

import openvino as ov

from workers.measure.watching import Graph

#: The ways to have a graph run.
WAYS: Final = ("infer", "start_async")
CONSTANTS: Final = ("Const", "Constant")


class Eye:
    """Counts inferences by compiled graph, and asks each graph where and in what it computes."""

    def __init__(self) -> None:
        """Nothing was run yet."""
        self._runs: dict[str, tuple[Any, int]] = {}
        self._ways: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> "Eye":
        """Stand between the callers and the requests."""
        for way in WAYS:
            self._ways[way] = getattr(ov.InferRequest, way)
            setattr(ov.InferRequest, way, self._seen(self._ways[way]))
        return self

    def __exit__(self, *error: object) -> None:
        """Step aside."""
        for way, plain in self._ways.items():
            setattr(ov.InferRequest, way, plain)

    def told(self) -> dict[str, Any]:
        """Give what was seen."""
        return {"graphs": tuple(_graph(compiled, runs) for compiled, runs in self._runs.values())}

    def _seen(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def run(request: Any, *args: Any, **kwargs: Any) -> Any:
            compiled = request.get_compiled_model()
            key = str((compiled.get_property("NETWORK_NAME"), _names(compiled.inputs), _names(compiled.outputs)))
            self._runs[key] = (compiled, self._runs.get(key, (None, 0))[1] + 1)
            return plain(request, *args, **kwargs)

        return run


def _names(ports: Any) -> list[list[str]]:
    return [sorted(port.get_names()) for port in ports]


def _graph(compiled: Any, runs: int) -> Graph:
    return Graph(
        devices=tuple(compiled.get_property("EXECUTION_DEVICES")),
        computes_in=str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()),
        weights=_weights(compiled.get_runtime_model()),
        runs=runs,
    )


def _weights(graph: Any) -> int:
    """Count the elements of the constants of a graph as it is run, each once."""
    found = 0
    for node in graph.get_ops():
        told = node.get_rt_info()
        kind = told["layerType"].get() if "layerType" in told else node.get_type_name()
        if kind in CONSTANTS:
            found += prod(int(length) for length in node.get_output_shape(0))
    return found
