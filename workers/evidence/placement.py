"""Layer placement: it ran where it was asked to run, by the runtime's own word."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome

#: Where each platform's weights or graphs must be, and the runtime that must have run them.
EXPECTED: Final = {"cpu": ("torch", "cpu"), "cuda": ("torch", "cuda"), "openvino": ("openvino", "CPU")}
TYPES: Final = {
    "fp32": ["float32"],
    "tf32": ["float32"],
    "fp16": ["float16"],
    "bf16": ["bfloat16"],
    "int8": ["float32", "qint8"],  # linear layers are quantised, the rest is not
}


def judge(*, platform: str, precision: str, placement: Mapping[str, JsonValue]) -> Evidence:
    """Compare the runtime's own account with what was asked for."""

    def say(outcome: Outcome, reason: str) -> Evidence:
        return Evidence(layer=Layer.PLACEMENT, outcome=outcome, reason=reason, figures={**placement})

    if platform not in EXPECTED:
        return say(Outcome.NOT_APPLICABLE, f"nothing is known of where {platform} runs")
    runtime, device = EXPECTED[platform]
    if not str(placement.get("runtime", "")).startswith(runtime):
        return say(Outcome.FAIL, f"{platform} asked for {runtime}; {placement.get('runtime')} ran")
    if runtime == "openvino":
        return _graph(placement, device=device, say=say)
    if placement.get("weight_devices") != [device]:
        return say(Outcome.FAIL, f"the weights are on {placement.get('weight_devices')}, not on {device} alone")
    if placement.get("output_devices") not in ([], [device]):
        return say(Outcome.FAIL, f"the outputs are on {placement.get('output_devices')}, not on {device}")
    if placement.get("weight_types") != TYPES[precision]:
        return say(Outcome.FAIL, f"the weights are {placement.get('weight_types')}, not {TYPES[precision]}")
    return say(Outcome.PASS, f"all weights are on {device} as {' and '.join(TYPES[precision])}")


def _graph(placement: Mapping[str, JsonValue], *, device: str, say: Callable[[Outcome, str], Evidence]) -> Evidence:
    if placement.get("execution_devices") != [device]:
        return say(Outcome.FAIL, f"OpenVINO executes on {placement.get('execution_devices')}, not on {device} alone")
    requests = placement.get("inference_requests")
    if not isinstance(requests, int) or requests < 1:
        return say(Outcome.FAIL, "no inference request was run: something else answered")
    return say(Outcome.PASS, f"{requests} inference requests ran on {device}")
