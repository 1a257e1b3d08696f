"""The verdict that evidence earns."""

import pytest

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.scheduler.judge import NEEDED, judge

PASSED = tuple(Evidence(layer=layer, outcome=Outcome.PASS, reason="", figures={}) for layer in NEEDED)


def failed(layer: Layer) -> Evidence:
    return Evidence(layer=layer, outcome=Outcome.FAIL, reason="", figures={})


def test_all_needed_layers_make_it_real() -> None:
    assert judge(PASSED) is Verdict.REAL


def test_no_evidence_is_no_proof() -> None:
    assert judge(()) is Verdict.SUSPECT
    assert judge(PASSED[1:]) is Verdict.SUSPECT


@pytest.mark.parametrize(
    ("layer", "verdict"),
    [
        (Layer.IDENTITY, Verdict.MOCK),
        (Layer.AGREEMENT, Verdict.MOCK),
        (Layer.PLACEMENT, Verdict.SUSPECT),
        (Layer.SENSITIVITY, Verdict.SUSPECT),
        (Layer.PLAUSIBILITY, Verdict.SUSPECT),
    ],
)
def test_one_failed_layer_is_enough(layer: Layer, verdict: Verdict) -> None:
    assert judge((*PASSED, failed(layer))) is verdict
