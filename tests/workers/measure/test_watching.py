"""Looking on at PyTorch and OpenVINO while a call is made."""

import numpy as np
import pytest
import torch

from workers.measure.watching import watched

ov = pytest.importorskip("openvino")  # a GPU node has none; in CI a skip fails
opset13 = pytest.importorskip("openvino.opset13")

ROWS, WIDTH, OUT = 4, 16, 8


def test_flops_weights_and_types_of_pytorch_are_seen() -> None:
    layer = torch.nn.Linear(WIDTH, OUT)
    given = torch.ones(ROWS, WIDTH)
    with torch.inference_mode():
        seen = watched(lambda: layer(given))
        half = watched(lambda: layer.to(torch.bfloat16)(given.to(torch.bfloat16)))
    assert seen.flops_on == {"cpu": 2.0 * ROWS * WIDTH * OUT}
    assert [*seen.flops_in] == ["float32"] and [*half.flops_in] == ["bfloat16"]
    assert seen.weights == WIDTH * OUT + OUT + ROWS * WIDTH
    assert seen.graphs == ()


def test_weights_that_are_held_and_not_used_are_not_seen() -> None:
    layers = torch.nn.ModuleList([torch.nn.Linear(WIDTH, WIDTH), torch.nn.Linear(WIDTH, WIDTH)])
    given = torch.ones(1, WIDTH)
    with torch.inference_mode():
        seen = watched(lambda: layers[0](given))
    assert seen.weights == WIDTH * WIDTH + WIDTH + WIDTH


def test_eight_bit_layers_are_seen() -> None:
    layer = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(WIDTH, OUT)), {torch.nn.Linear})
    with torch.inference_mode():
        seen = watched(lambda: layer(torch.ones(ROWS, WIDTH)))
    assert seen.flops_in == {"qint8": 2.0 * ROWS * WIDTH * OUT}


def test_runs_and_weights_of_openvino_are_seen_and_pytorch_is_not() -> None:
    given = opset13.parameter([ROWS, WIDTH], np.float32)
    weights = opset13.constant(np.random.default_rng(0).random((WIDTH, OUT), dtype=np.float32))
    graph = ov.Model([opset13.matmul(given, weights, False, False)], [given], "product")
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request, input_array = compiled.create_infer_request(), np.ones((ROWS, WIDTH), dtype=np.float32)

    def call() -> None:
        request.infer([input_array])
        request.start_async([input_array])
        request.wait()

    seen = watched(call)
    assert seen.flops == 0
    assert [(each.devices, each.computes_in, each.runs) for each in seen.graphs] == [(("CPU",), "f32", 2)]
    assert WIDTH * OUT <= seen.graphs[0].weights <= 1.1 * WIDTH * OUT
    assert watched(lambda: None).graphs == ()
