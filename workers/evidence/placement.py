"""Layer placement: it ran where and in what it was asked to, by the runtime's own word and by what was seen."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.evidence.thresholds import LEAST_IN_TYPE, MOST_BESIDE
from workers.measure.watching import Watched

#: Where each platform's weights or graphs must be, and the runtime that must have run them.
EXPECTED: Final = {"cpu": ("torch", "cpu"), "cuda": ("torch", "cuda"), "openvino": ("openvino", "CPU")}
TYPES: Final = {
    "fp32": ["float32"],
    "tf32": ["float32"],
    "fp16": ["float16"],
    "bf16": ["bfloat16"],
    "int8": ["float32", "qint8"],  # linear layers are quantised, the rest is not
}
#: What the factors of PyTorch's products are seen to be; in int8 the layers that are not linear keep fp32.
FACTORS: Final = {
    "fp32": ("float32",),
    "tf32": ("float32",),
    "fp16": ("float16",),
    "bf16": ("bfloat16",),
    "int8": ("qint8", "float32"),
}
#: OpenVINO's word for what a graph computes in; the other precisions leave the choice to it.
COMPUTES_IN: Final = {"fp32": "f32"}


def judge(*, platform: str, precision: str, placement: Mapping[str, JsonValue], seen: str = "") -> Evidence:
    """Compare the runtime's own account with what was asked for.

    `seen` is what a watched call did elsewhere.
    """

    def say(outcome: Outcome, reason: str) -> Evidence:
        return Evidence(layer=Layer.PLACEMENT, outcome=outcome, reason=reason, figures={**placement})

    if platform not in EXPECTED:
        return say(Outcome.NOT_APPLICABLE, f"nothing is known of where {platform} runs")
    runtime, device = EXPECTED[platform]
    if not str(placement.get("runtime", "")).startswith(runtime):
        return say(Outcome.FAIL, f"{platform} asked for {runtime}; {placement.get('runtime')} ran")
    if seen:
        return say(Outcome.FAIL, seen)
    if runtime == "openvino":
        return _graph(placement, device=device, say=say)
    if placement.get("weight_devices") != [device]:
        return say(Outcome.FAIL, f"the weights are on {placement.get('weight_devices')}, not on {device} alone")
    if placement.get("output_devices") not in ([], [device]):
        return say(Outcome.FAIL, f"the outputs are on {placement.get('output_devices')}, not on {device}")
    if placement.get("weight_types") != TYPES[precision]:
        return say(Outcome.FAIL, f"the weights are {placement.get('weight_types')}, not {TYPES[precision]}")
    return say(Outcome.PASS, f"all weights are on {device} as {' and '.join(TYPES[precision])}")


def elsewhere(watched: Watched, expected: Watched, *, platform: str, precision: str, chosen: bool) -> str:
    """Say what a watched call did elsewhere, or in something else, than asked; or nothing.

    `chosen` says that the sweep chose itself what OpenVINO computes in.
    """
    runtime, device = EXPECTED.get(platform, ("", ""))
    if runtime == "openvino":
        return _in_graphs(watched, expected, device=device, asked=None if chosen else COMPUTES_IN.get(precision))
    if runtime == "torch" and watched.graphs:
        return "OpenVINO ran graphs in a call of PyTorch"
    if runtime != "torch" or not watched.flops:
        return ""
    if {*watched.flops_on} != {device}:
        return f"PyTorch multiplied on {' and '.join(sorted(watched.flops_on))}, not on {device} alone"
    share = sum(watched.flops_in.get(kind, 0.0) for kind in FACTORS[precision]) / watched.flops
    if share < LEAST_IN_TYPE:
        return f"{share:.0%} of the FLOPs were made in {' or '.join(FACTORS[precision])}: {sorted(watched.flops_in)}"
    return ""


def _in_graphs(watched: Watched, expected: Watched, *, device: str, asked: str | None) -> str:
    if watched.flops > MOST_BESIDE * expected.flops:
        return f"PyTorch made {watched.flops / expected.flops:.0%} of the model's FLOPs in a call of OpenVINO"
    if not watched.graphs:
        return "OpenVINO ran no graph in a watched call: something else answered"
    where = {found for graph in watched.graphs for found in graph.devices}
    if where != {device}:
        return f"OpenVINO ran on {' and '.join(sorted(where))}, not on {device} alone"
    kinds = {graph.computes_in for graph in watched.graphs}
    if asked is not None and kinds != {asked}:
        return f"OpenVINO computed in {' and '.join(sorted(kinds))}, not in {asked}"
    return ""


def _graph(placement: Mapping[str, JsonValue], *, device: str, say: Callable[[Outcome, str], Evidence]) -> Evidence:
    if placement.get("execution_devices") != [device]:
        return say(Outcome.FAIL, f"OpenVINO executes on {placement.get('execution_devices')}, not on {device} alone")
    requests = placement.get("inference_requests")
    if not isinstance(requests, int) or requests < 1:
        return say(Outcome.FAIL, "no inference request was run: something else answered")
    return say(Outcome.PASS, f"{requests} inference requests ran on {device}")
