"""Another place or runtime than the one asked for."""

from typing import Any

import numpy as np
import pytest
import torch

from farm.contract.evidence import Layer
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest

ov = pytest.importorskip("openvino")  # a GPU node has none; in CI a skip fails
opset13 = pytest.importorskip("openvino.opset13")

pytestmark = pytest.mark.models

#: What an engine on OpenVINO says of itself.
OPENVINO = {"runtime": "openvino 2026.4", "execution_devices": ["CPU"], "inference_requests": 12, "graphs": ["model"]}


class OnCuda(Cheat):
    """Works on the CPU and says that it is on a GPU."""

    def placement(self) -> Any:
        return self.engine.placement() | {"weight_devices": ["cuda"], "output_devices": ["cuda"]}


class Offloaded(Cheat):
    """Keeps a layer's weights elsewhere, and fetches them for each call."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        layer = engine.model.encoder.layer[0]
        kept = {name: tensor.clone() for name, tensor in layer.state_dict().items()}

        def fetch(*given: object) -> None:
            layer.to_empty(device="cpu")
            layer.load_state_dict(kept)

        def leave(*given: object) -> None:
            layer.to(device="meta")

        leave()
        layer.register_forward_pre_hook(fetch)
        layer.register_forward_hook(leave)


class PosesAsOpenVino(Cheat):
    """Is PyTorch's model, and says that it is OpenVINO's."""

    def placement(self) -> Any:
        return OPENVINO


class PosesWithDecoy(PosesAsOpenVino):
    """Is PyTorch's model, and lets OpenVINO run a graph that does nothing beside it."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        given = opset13.parameter([1], np.float32)
        graph = ov.Model([opset13.relu(given)], [given], "decoy")
        self.decoy = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def forward(self, placed: Any) -> Any:
        self.decoy.infer([np.zeros(1, dtype=np.float32)])
        return self.engine.forward(placed)


class ByHandWithDecoy(PosesWithDecoy):
    """Computes with neither runtime as far as anybody sees, and lets OpenVINO run a decoy."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.kept = engine.forward(engine.place(request.example))

    def forward(self, placed: Any) -> Any:
        self.decoy.infer([np.zeros(1, dtype=np.float32)])
        return self.kept


class PosesAsPyTorch(Cheat):
    """Is OpenVINO's graph, and says that it is PyTorch's model."""

    def placement(self) -> Any:
        return {
            "runtime": f"torch {torch.__version__}",
            "weight_devices": ["cpu"],
            "output_devices": ["cpu"],
            "weight_types": ["float32"],
        }

    def parameters(self) -> int:
        return self.request.folder.parameters


class OtherDevice(Cheat):
    """Was compiled for another device than the one asked for, and the runtime says so."""

    def placement(self) -> Any:
        return self.engine.placement() | {"execution_devices": ["GPU.0"]}


class UnusedRequests(Cheat):
    """Compiled a graph, and never asked it anything."""

    def placement(self) -> Any:
        return self.engine.placement() | {"inference_requests": 0}


def test_a_cpu_does_not_pass_for_a_gpu(door: Door) -> None:
    found = door.caught(OnCuda, Layer.PLACEMENT, platform="cuda", runtime="cpu")
    assert found == "PyTorch multiplied on cpu, not on cuda alone"


def test_a_layer_kept_elsewhere_is_seen(door: Door) -> None:
    assert "meta" in door.caught(Offloaded, Layer.PLACEMENT)


def test_pytorch_does_not_pass_for_openvino(door: Door) -> None:
    found = door.caught(PosesAsOpenVino, Layer.PLACEMENT, platform="openvino", runtime="cpu")
    assert found == "PyTorch made 100% of the model's FLOPs in a call of OpenVINO"


def test_a_decoy_does_not_help(door: Door) -> None:
    found = door.caught(PosesWithDecoy, Layer.PLACEMENT, platform="openvino", runtime="cpu")
    assert "PyTorch made 100%" in found
    held = door.caught(ByHandWithDecoy, Layer.IDENTITY, platform="openvino", runtime="cpu")
    assert held.startswith("the graphs that ran hold")


def test_openvino_does_not_pass_for_pytorch(door: Door) -> None:
    found = door.caught(PosesAsPyTorch, Layer.PLACEMENT, platform="cpu", runtime="openvino")
    assert found == "OpenVINO ran graphs in a call of PyTorch"


@pytest.mark.parametrize("cheat", [OtherDevice, UnusedRequests])
def test_openvino_elsewhere_or_unused_is_seen(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.PLACEMENT, platform="openvino")
