"""Each layer's judgement alone: figures in, outcome out."""

import numpy as np
import pytest

from farm.contract.evidence import Outcome
from workers.evidence import agreement, identity, placement, sensitivity

ROWS = np.random.default_rng(0).standard_normal((2, 16)).astype(np.float32)


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
    [("fp32", 0.0, Outcome.PASS), ("fp32", 0.1, Outcome.FAIL), ("int8", 0.05, Outcome.PASS)],
)
def test_agreement_allows_what_the_precision_explains(precision: str, noise: float, outcome: Outcome) -> None:
    answer = ROWS + noise * np.random.default_rng(1).standard_normal(ROWS.shape).astype(np.float32)
    judged = agreement.judge(
        precision=precision, answers={"embedding": answer}, reference={"embedding": ROWS}, timed=[{"embedding": ROWS}]
    )
    assert judged.outcome is outcome


def test_agreement_looks_at_the_timed_outputs_too() -> None:
    timed = [{"embedding": ROWS}, {"embedding": ROWS[::-1].copy()}]
    answers = {"embedding": ROWS}
    judged = agreement.judge(precision="fp32", answers=answers, reference=answers, timed=timed)
    assert judged.outcome is Outcome.FAIL


@pytest.mark.parametrize("wrong", [np.nan, 0.0])
def test_agreement_with_nothing_or_nan_fails(wrong: float) -> None:
    answers = {"embedding": np.full_like(ROWS, wrong)}
    judged = agreement.judge(precision="int8", answers=answers, reference={"embedding": ROWS}, timed=[])
    assert judged.outcome is Outcome.FAIL


def test_sensitivity_wants_another_output_for_another_input() -> None:
    same = {"embedding": ROWS}
    assert sensitivity.judge(answers=same, others=same, timed=[same]).outcome is Outcome.FAIL
    other = {"embedding": ROWS + 1}
    assert sensitivity.judge(answers=same, others=other, timed=[same, same]).outcome is Outcome.PASS
    assert sensitivity.judge(answers=same, others=other, timed=[same, other]).outcome is Outcome.FAIL
