"""Turns a model folder into OpenVINO graphs once, kept by content key: by optimum-intel where it has a class for the
head, else by tracing the model with the inputs of one call.
"""

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import openvino as ov
from pydantic import JsonValue

from farm.contract.errors import ModelInvalid, Unsupported
from farm.contract.value import digest
from workers.cache import cached
from workers.engine import LoadRequest
from workers.heads import PLAIN
from workers.versions import version

WHOLE: Final = "openvino_model.xml"
EXPORTERS: Final = ("optimum-intel", "optimum", "openvino", "nncf", "transformers", "torch")
#: optimum-intel's word after OVModelFor where it is not transformers' own.
CALLED: Final = {"ImageTextToText": "VisualCausalLM"}
MASK: Final = "attention_mask"
VERSION: Final = 2  # raised when this file exports differently though no library changed


def exported(request: LoadRequest) -> tuple[Path, float]:
    """Give the folder with the graphs, and the seconds that exporting took (0.0 when it was cached).

    Raises: Unsupported when neither way can export the model; ModelInvalid.
    """
    versions = {name: version(name) for name in EXPORTERS}
    facts: dict[str, JsonValue] = {
        "export": VERSION,
        "model": request.folder.key,
        "head": request.head,
        "weights": _weights(request),
        "versions": {**versions},
    }
    if request.head == PLAIN:  # a traced graph is made for the shapes it was traced with
        facts["inputs"] = {name: [*request.example[name].shape] for name in _traced_names(request)}
        facts["outputs"] = [*request.gives]
    return cached(request.cache_dir, "openvino", digest(facts), lambda part: _export(request, part))


def _export(request: LoadRequest, part: Path) -> None:
    if request.head == PLAIN:
        _trace(request, part)
    else:
        _by_optimum(request, part)


def _by_optimum(request: LoadRequest, part: Path) -> None:
    """Export with optimum-intel's class for this head; its imports are heavy and only needed here."""
    intel = importlib.import_module("optimum.intel")
    name = f"OVModelFor{CALLED.get(request.head, request.head)}"
    loader = getattr(intel, name, None)
    if loader is None:
        raise Unsupported(f"optimum-intel {version('optimum-intel')} has no {name}")
    try:
        model = loader.from_pretrained(
            str(request.folder.path),
            export=True,
            compile=False,
            local_files_only=True,
            load_in_8bit=_weights(request) == "int8",
        )
    except (ValueError, KeyError, NotImplementedError) as error:
        raise Unsupported(f"{name} cannot export {request.folder.path.name}: {error}") from error
    model.save_pretrained(str(part))
    for left in part.glob("*.tmp"):
        shutil.rmtree(left, ignore_errors=True)


def _trace(request: LoadRequest, part: Path) -> None:
    """Export the graph that PyTorch's own exporter sees, at the shapes of the example."""
    torch: Any = importlib.import_module("torch")
    loading: Any = importlib.import_module("workers.platforms._torch_loading")
    names = _traced_names(request)
    example = tuple(torch.as_tensor(request.example[name]) for name in names)
    model = loading.load_model(request._replace(precision="fp32", options={}), "cpu")
    module = _named_outputs(torch, model, names=names, gives=request.gives)
    try:
        with torch.no_grad():
            graph = ov.convert_model(torch.export.export(module, example))
    except (RuntimeError, ValueError, TypeError) as error:
        told = str(error).strip().partition("\n")[0]
        raise Unsupported(f"OpenVINO cannot convert {request.folder.path.name}: {told}") from error
    for port, name in zip(graph.inputs, names, strict=True):
        port.get_tensor().set_names({name})
    for port, name in zip(graph.outputs, request.gives, strict=True):
        port.get_tensor().set_names({name})
    graph.reshape({name: [*request.example[name].shape] for name in names})
    if _weights(request) == "int8":
        graph = importlib.import_module("nncf").compress_weights(graph)
    ov.save_model(graph, part / WHOLE, compress_to_fp16=False)


def _named_outputs(torch: Any, model: Any, *, names: tuple[str, ...], gives: tuple[str, ...]) -> Any:
    """Wrap a model into a module that takes its inputs by place and gives a tuple of the wanted outputs."""

    class Traced(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *placed: Any) -> tuple[Any, ...]:
            outputs: Mapping[str, Any] = self.model(**dict(zip(names, placed, strict=True)))
            return tuple(outputs[name] for name in gives)

    return Traced().eval()


def _traced_names(request: LoadRequest) -> tuple[str, ...]:
    """Name the inputs of a traced graph; a mask that hides nothing is left out, as it costs time for nothing."""
    if not request.example or not request.gives:
        raise ModelInvalid(f"{request.folder.path.name}: its family gives no example to trace it with")
    return tuple(name for name, array in request.example.items() if name != MASK or not array.all())


def _weights(request: LoadRequest) -> str:
    return "int8" if request.precision == "int8" else "fp32"
