"""The verdict that evidence earns."""

from itertools import product

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


def test_other_rules_judge_the_results_of_every_database_again() -> None:
    states = (None, Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE)
    told = [
        judge([found(layer, state) for layer, state in zip(Layer, chosen, strict=True) if state])
        for chosen in product(states, repeat=len(Layer))
    ]
    counts = {verdict: told.count(verdict) for verdict in Verdict}
    # Whoever changes the rules adds a migration that judges again, as 0005 does, and the audit's own words for them.
    assert counts == {Verdict.REAL: 1, Verdict.MOCK: 448, Verdict.SUSPECT: 575}
