"""The verdict that evidence earns."""

import pytest

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.judge import LOOKED_AT, NEEDED, judge, missing

PASSED = tuple(Evidence(layer=layer, outcome=Outcome.PASS, reason="", figures={}) for layer in (*NEEDED, *LOOKED_AT))


def found(layer: Layer, outcome: Outcome) -> Evidence:
    return Evidence(layer=layer, outcome=outcome, reason="", figures={})


def test_all_needed_layers_make_it_real() -> None:
    assert judge(PASSED) is Verdict.REAL
    assert missing(PASSED) == ()


@pytest.mark.parametrize("layer", [*NEEDED, *LOOKED_AT])
def test_no_evidence_is_no_proof(layer: Layer) -> None:
    without = [item for item in PASSED if item.layer is not layer]
    assert judge(without) is Verdict.SUSPECT
    assert missing(without) == (layer,)
    assert judge(()) is Verdict.SUSPECT


@pytest.mark.parametrize(("layer", "verdict"), [(Layer.AGREEMENT, Verdict.SUSPECT), (Layer.PLAUSIBILITY, Verdict.REAL)])
def test_what_has_no_meaning_is_no_proof_where_it_is_needed(layer: Layer, verdict: Verdict) -> None:
    others = [item for item in PASSED if item.layer is not layer]
    assert judge([*others, found(layer, Outcome.NOT_APPLICABLE)]) is verdict


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
    evidence = (*PASSED, found(layer, Outcome.FAIL))
    assert judge(evidence) is verdict
    assert missing(evidence) == ()
