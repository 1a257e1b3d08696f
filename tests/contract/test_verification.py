"""What two proofs have in common, and what they do not."""

import pytest
from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.job import Measure, ModelReference
from farm.contract.scenario import HIGHEST, Server, Throughput
from farm.contract.verification import Proof, differences, spec_again
from tests import builders

FACTS: dict[str, JsonValue] = {"model_key": "k1", "parameters": 1000, "revision": None}


def proof(verdict: Verdict = Verdict.REAL, *, without: Layer | None = None, **facts: JsonValue) -> Proof:
    evidence = tuple(item for item in builders.evidence(verdict) if item.layer is not without)
    return Proof(verdict=verdict, evidence=evidence, facts=FACTS | facts)


def test_the_same_proof_holds_whatever_the_time_was() -> None:
    assert differences(proof(), proof()) == ()
    assert differences(proof(Verdict.MOCK), proof(Verdict.MOCK)) == ()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (proof(), proof(model_key="k2"), "another model: model_key was k1, is k2"),
        (proof(), proof(parameters=999), "another model: parameters was 1000, is 999"),
        (proof(weights_checksum="a"), proof(weights_checksum="b"), "another model: weights_checksum was a, is b"),
        (proof(), proof(without=Layer.PLACEMENT), "placement: pass before, none now: no evidence was gathered"),
    ],
)
def test_a_difference_is_named(before: Proof, after: Proof, told: str) -> None:
    assert differences(before, after) == (told,)


def test_a_layer_that_fails_now_is_told_with_its_reason() -> None:
    assert differences(proof(), proof(Verdict.SUSPECT)) == (
        "the verdict was real, is suspect",
        "plausibility: pass before, fail now: plausibility is not as it should be",
    )


def test_another_folder_of_the_same_weights_is_the_same_model() -> None:
    before = proof(weights_checksum="same")
    assert differences(before, proof(weights_checksum="same", model_key="built by a newer library")) == ()


def test_a_layer_that_is_newer_than_the_result_contradicts_nothing_when_it_passes() -> None:
    older = proof(without=Layer.PLAUSIBILITY)
    assert differences(older, proof()) == ()
    failing = Evidence(layer=Layer.PLAUSIBILITY, outcome=Outcome.FAIL, reason="slept", figures={})
    now = Proof(verdict=Verdict.REAL, evidence=(*older.evidence, failing), facts=FACTS)
    assert differences(older, now) == ("plausibility: none before, fail now: slept",)


def test_a_job_is_done_again_with_the_commit_that_was_measured_and_few_calls() -> None:
    hub = ModelReference(name="m", source="hub", location="a/m", family="fake")
    spec = builders.spec(model=hub, measure=Measure(min_seconds=20, repeats=5), seed=3, options={"latency": 0.5})
    again = spec_again(spec, {"revision": "abc"})
    assert again.model.revision == "abc"
    assert again.measure.repeats == 1
    assert again.measure.min_seconds < 1
    assert spec_again(spec, FACTS).fingerprint() == spec.fingerprint()


def test_what_was_searched_is_not_searched_again() -> None:
    batches = builders.spec(scenario="throughput", throughput=Throughput(search_batch_size=(1, 64)))
    again = spec_again(batches, {"batch_search": {"best": 24}})
    assert (again.batch_size, again.scenario, again.searches_batch()) == (24, "throughput", False)
    rates = builders.spec(scenario="server", server=Server(rate=HIGHEST, latency_bound=0.1, percentile=90))
    assert spec_again(rates, {"rate": 12.5}).server == Server(rate=12.5, latency_bound=0.1, percentile=90)


def test_a_result_that_keeps_nothing_of_its_search_is_searched_again() -> None:
    spec = builders.spec(scenario="throughput", throughput=Throughput(search_batch_size=(1, 64)))
    assert spec_again(spec, FACTS).searches_batch()
