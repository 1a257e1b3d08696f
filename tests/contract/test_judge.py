"""The verdict that evidence earns."""

import pytest

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.judge import NEEDED, judge, wanting


def found(layer: Layer, outcome: Outcome) -> Evidence:
    return Evidence(layer=layer, outcome=outcome, reason="", figures={})


PASSED = tuple(found(layer, Outcome.PASS) for layer in NEEDED)


def test_all_needed_layers_make_it_real() -> None:
    assert judge(PASSED) is Verdict.REAL
    assert wanting(PASSED) == ()


@pytest.mark.parametrize("layer", NEEDED)
def test_no_evidence_is_no_proof(layer: Layer) -> None:
    others = [item for item in PASSED if item.layer is not layer]
    for evidence in (others, [*others, found(layer, Outcome.NOT_APPLICABLE)]):
        assert judge(evidence) is Verdict.SUSPECT
        assert wanting(evidence) == (layer,)
    assert judge(()) is Verdict.SUSPECT


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
def test_one_failed_layer_is_enough_in_any_repeat(layer: Layer, verdict: Verdict) -> None:
    failure = found(layer, Outcome.FAIL)
    for evidence in ((*PASSED, failure), (failure, *PASSED)):
        assert judge(evidence) is verdict
        assert wanting(evidence) == (layer,)
