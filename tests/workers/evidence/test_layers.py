"""Each layer's judgement alone: figures in, outcome out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from farm.contract.evidence import Evidence, Outcome
from workers.engine import Array
from workers.evidence import agreement, identity, placement, sensitivity
from workers.evidence.agreement import Pair, Written
from workers.measure.watching import Graph, Watched

ROWS = np.random.default_rng(0).standard_normal((2, 16)).astype(np.float32)
OTHERS = np.random.default_rng(2).standard_normal((2, 16)).astype(np.float32)


def pairs(*answers: Array) -> list[Pair]:
    """Answers to the first input and, where given, to another one, beside the reference's."""
    known = (ROWS, OTHERS)
    return [Pair("a call", {"embedding": found}, {"embedding": known[i]}) for i, found in enumerate(answers)]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.PASS),
        ({"published": None}, Outcome.PASS),
        ({"in_files": 99, "loaded": 99}, Outcome.FAIL),
        ({"loaded": 50}, Outcome.FAIL),
        ({"loaded": 96, "graph": True}, Outcome.PASS),
        ({"loaded": 60, "graph": True}, Outcome.FAIL),
        ({"runtime": "fake"}, Outcome.FAIL),
        ({"in_files": 125, "published": None}, Outcome.PASS),  # a head that is not used
        ({"in_files": 200, "published": None}, Outcome.FAIL),  # half of its layers
    ],
)
def test_identity_wants_the_published_weights_and_all_of_them(changes: dict[str, object], outcome: Outcome) -> None:
    figures = {"runtime": "torch 2", "in_files": 100, "expected": 100, "loaded": 100, "published": 100, "graph": False}
    assert identity.judge(**(figures | changes)).outcome is outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("platform", "changes", "outcome"),
    [
        ("cpu", {}, Outcome.PASS),
        ("cuda", {}, Outcome.FAIL),
        ("openvino", {}, Outcome.FAIL),
        ("cpu", {"weight_devices": ["cpu", "meta"]}, Outcome.FAIL),
        ("cpu", {"weight_types": ["bfloat16"]}, Outcome.FAIL),
        ("fake", {}, Outcome.NOT_APPLICABLE),
    ],
)
def test_placement_believes_the_runtime_only(platform: str, changes: dict[str, object], outcome: Outcome) -> None:
    told: dict[str, object] = {"runtime": "torch 2", "weight_devices": ["cpu"], "weight_types": ["float32"]}
    told |= {"output_devices": ["cpu"]} | changes
    assert placement.judge(platform=platform, precision="fp32", placement=told).outcome is outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("devices", "requests", "outcome"),
    [(["CPU"], 3, Outcome.PASS), (["GPU"], 3, Outcome.FAIL), (["CPU"], 0, Outcome.FAIL)],
)
def test_openvino_must_have_run_requests_on_the_asked_device(
    devices: list[str], requests: int, outcome: Outcome
) -> None:
    told = {"runtime": "openvino 2026", "execution_devices": devices, "inference_requests": requests}
    assert placement.judge(platform="openvino", precision="fp32", placement=told).outcome is outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("precision", "noise", "outcome"),
    [
        ("fp32", 0.0, Outcome.PASS),
        ("fp32", 0.1, Outcome.FAIL),
        ("fp32", 0.005, Outcome.FAIL),  # a cosine of 0.99999, but bf16's distance
        ("bf16", 0.005, Outcome.PASS),
        ("int8", 0.05, Outcome.PASS),
    ],
)
def test_agreement_allows_what_the_precision_explains(precision: str, noise: float, outcome: Outcome) -> None:
    answer = ROWS + noise * np.random.default_rng(1).standard_normal(ROWS.shape).astype(np.float32)
    assert agreement.judge(precision=precision, pairs=pairs(answer)).outcome is outcome


def test_agreement_looks_at_every_pair() -> None:
    assert agreement.judge(precision="fp32", pairs=pairs(ROWS, OTHERS)).outcome is Outcome.PASS
    assert agreement.judge(precision="fp32", pairs=pairs(ROWS, ROWS)).outcome is Outcome.FAIL


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0])
def test_agreement_with_nothing_or_nan_fails(wrong: float) -> None:
    assert agreement.judge(precision="int8", pairs=pairs(np.full_like(ROWS, wrong))).outcome is Outcome.FAIL


def test_agreement_needs_the_reference_s_shape_and_numbers() -> None:
    assert "has shape (1, 16)" in agreement.judge(precision="int8", pairs=pairs(ROWS[:1])).reason
    assert agreement.judge(precision="int8", pairs=pairs(ROWS.astype(object))).outcome is Outcome.FAIL
    assert agreement.judge(precision="int8", pairs=[]).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("tokens", "asked", "outcome"),
    [
        ([[3, 5]], 2, Outcome.PASS),
        ([[3, 6]], 2, Outcome.PASS),  # scores nearly as well as the best one
        ([[3, 4]], 2, Outcome.FAIL),
        ([[3]], 2, Outcome.FAIL),
        ([[3, 99]], 2, Outcome.FAIL),
    ],
)
def test_a_written_token_must_score_nearly_as_well_as_the_best(
    tokens: list[list[int]], asked: int, outcome: Outcome
) -> None:
    logits = np.zeros((1, 2, 10))
    logits[0, 0, 3], logits[0, 1, 5], logits[0, 1, 6] = 1.0, 1.0, 0.95
    written = [Written("a timed call", np.asarray(tokens), logits, asked)]
    assert agreement.judge(precision="bf16", pairs=pairs(ROWS), written=written).outcome is outcome


def sensed(*answers: Array, precision: str = "fp32", timed: Sequence[Array] = (ROWS,), **more: Any) -> Evidence:
    outputs = [{"embedding": each} for each in timed]
    return sensitivity.judge(precision=precision, pairs=pairs(*answers), timed=outputs, **more)


def test_sensitivity_wants_another_output_for_another_input() -> None:
    assert sensed(ROWS, OTHERS).outcome is Outcome.PASS
    assert "very same" in sensed(ROWS, ROWS).reason
    assert "different outputs" in sensed(ROWS, OTHERS, timed=[ROWS, OTHERS]).reason
    assert "within the timed loop" in sensed(ROWS, OTHERS, asked=[{"embedding": ROWS}]).reason
    assert "same inputs for every seed" in sensed(ROWS, OTHERS, inputs_differ=False).reason


@pytest.mark.parametrize("wrong", [(ROWS[::-1], OTHERS), (ROWS, OTHERS[[0, 0]]), (ROWS, 0.5 * (ROWS + OTHERS))])
def test_an_answer_must_be_nearer_to_its_own_reference_than_to_any_other(wrong: tuple[Array, Array]) -> None:
    assert "of the way from its own reference" in sensed(*wrong, precision="int8").reason


def test_references_that_are_nearly_alike_are_told_apart_as_far_as_the_precision_goes() -> None:
    near = [Pair("a call", {"x": found}, {"x": found}) for found in (1 + 1e-3 * ROWS, 1 + 1e-3 * OTHERS)]
    swapped = [pair._replace(answer={"x": 1 + 1e-3 * ROWS[::-1]}) for pair in near[:1]] + near[1:]
    timed = [near[0].answer]
    assert sensitivity.judge(precision="fp32", pairs=near, timed=timed).outcome is Outcome.PASS
    assert sensitivity.judge(precision="fp32", pairs=swapped, timed=timed).outcome is Outcome.FAIL
    assert "lost in the rounding of bf16" in sensitivity.judge(precision="bf16", pairs=near, timed=timed).reason


REFERENCE = Watched(flops_on={"cpu": 100.0}, flops_in={"float32": 100.0}, weights=50.0)
GRAPH = Graph(devices=("CPU",), computes_in="f32", weights=50, runs=3)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (REFERENCE, ""),
        (REFERENCE.model_copy(update={"flops_on": {"cpu": 50.0}}), "PyTorch made 50.0% of the model's FLOPs"),
        (REFERENCE.model_copy(update={"weights": 25.0}), "PyTorch read 50.0% of the model's weights"),
        (Watched(), "something else answered"),
        (Watched(graphs=(GRAPH,)), ""),
        (Watched(graphs=(GRAPH.model_copy(update={"weights": 20}),)), "hold 20 weights, the model has 50"),
        (Watched(graphs=(GRAPH.model_copy(update={"runs": 2}),)), "ran 2 times in a call that needs 3 runs"),
    ],
)
def test_work_that_is_missing_is_named(seen: Watched, said: str) -> None:
    found = identity.missing(seen, REFERENCE, parameters=50, precision="fp32", passes=3)
    assert said in found and bool(said) == bool(found)


@pytest.mark.parametrize(
    ("platform", "precision", "seen", "said"),
    [
        ("cpu", "fp32", REFERENCE, ""),
        ("cuda", "fp32", REFERENCE, "multiplied on cpu, not on cuda alone"),
        ("cpu", "fp32", Watched(graphs=(GRAPH,)), "OpenVINO ran graphs in a call of PyTorch"),
        ("cpu", "bf16", REFERENCE, "0% of the FLOPs were made in bfloat16"),
        ("openvino", "fp32", REFERENCE, "PyTorch made 100% of the model's FLOPs in a call of OpenVINO"),
        ("openvino", "fp32", Watched(), "OpenVINO ran no graph"),
        ("openvino", "fp32", Watched(graphs=(GRAPH,)), ""),
        ("openvino", "fp32", Watched(graphs=(GRAPH.model_copy(update={"devices": ("GPU",)}),)), "ran on GPU"),
        ("openvino", "fp32", Watched(graphs=(GRAPH.model_copy(update={"computes_in": "bf16"}),)), "computed in bf16"),
        ("openvino", "bf16", Watched(graphs=(GRAPH.model_copy(update={"computes_in": "bf16"}),)), ""),
    ],
)
def test_work_elsewhere_or_in_another_type_is_named(platform: str, precision: str, seen: Watched, said: str) -> None:
    found = placement.elsewhere(seen, REFERENCE, platform=platform, precision=precision, chosen=False)
    assert said in found and bool(said) == bool(found)


def test_what_the_sweep_chose_to_compute_in_is_no_fault() -> None:
    seen = Watched(graphs=(GRAPH.model_copy(update={"computes_in": "f16"}),))
    assert not placement.elsewhere(seen, REFERENCE, platform="openvino", precision="fp32", chosen=True)
