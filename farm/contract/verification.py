"""Whether evidence that was gathered again says what it said before. Pure: two proofs in, their differences out."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome, by_layer
from farm.contract.job import JobSpec, Measure
from farm.contract.scenario import HIGHEST
from farm.contract.value import Value

#: Facts that name the model. Another library may build another folder of the same weights, so that their checksum,
#: where both sides have one, says more than the folder's key.
CHECKSUM: Final = "weights_checksum"
KEY: Final = "model_key"
SAME: Final = ("parameters", "revision")
#: Facts that tell what a search found: the batch size that served best, and the rate of arrivals that was measured.
BATCH_SEARCH: Final = "batch_search"
BEST: Final = "best"
RATE: Final = "rate"
#: Evidence needs calls, not a narrow interval: what is timed is only what is compared and weighed.
LEAST: Final = Measure(
    min_iterations=6, max_iterations=1000, min_seconds=0.2, max_seconds=10, warmup_seconds=2, rel_precision=0.5
)


class VerificationOutcome(StrEnum):
    """How a verification ended."""

    HOLDS = "holds"
    DIFFERS = "differs"
    NOT_RUN = "not run"  # the evidence could not be gathered again; the reason says why


class Proof(Value):
    """What was proven of one computation: the verdict, the evidence for it, and the facts that name its model."""

    verdict: str
    evidence: tuple[Evidence, ...]
    facts: dict[str, JsonValue]


def spec_again(spec: JobSpec, facts: Mapping[str, JsonValue]) -> JobSpec:
    """Give the job that gathers a result's evidence again: the same cell, timed as little as evidence needs.

    A model of the hub is taken at the commit that was measured, wherever its branch is by now; and what was searched
    is taken as it was found.
    """
    commit = facts.get("revision")
    model = spec.model.model_copy(update={"revision": commit}) if isinstance(commit, str) else spec.model
    return spec.model_copy(update={"model": model, "measure": LEAST, **_found(spec, facts)})


def differences(before: Proof, after: Proof) -> tuple[str, ...]:
    """Say what is not as it was; nothing where the old evidence holds. How long the calls took is no part of it.

    A layer that was not looked at before and passes now contradicts nothing.
    """
    verdict = f"the verdict was {before.verdict}, is {after.verdict}"
    told = [verdict] if before.verdict != after.verdict else []
    return (*told, *_of_model(before.facts, after.facts), *_of_layers(before, after))


def _found(spec: JobSpec, facts: Mapping[str, JsonValue]) -> dict[str, object]:
    """Give the settings that a search of the job found: its evidence is of that batch or rate, and of no other."""
    searched, rate = facts.get(BATCH_SEARCH), facts.get(RATE)
    if spec.throughput is not None and isinstance(searched, Mapping) and isinstance(searched.get(BEST), int):
        return {"batch_size": searched[BEST], "throughput": None}
    if spec.server is not None and spec.server.rate == HIGHEST and isinstance(rate, int | float):
        return {"server": spec.server.model_copy(update={"rate": rate})}
    return {}


def _of_model(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> Iterator[str]:
    told = {name for name in (CHECKSUM, KEY, *SAME) if before.get(name) is not None and after.get(name) is not None}
    for name in (CHECKSUM if CHECKSUM in told else KEY, *SAME):
        if name in told and before[name] != after[name]:
            yield f"another model: {name} was {before[name]}, is {after[name]}"


def _of_layers(before: Proof, after: Proof) -> Iterator[str]:
    then, now = by_layer(before.evidence), by_layer(after.evidence)
    for layer in Layer:
        was, new = then.get(layer), now.get(layer)
        if _stands_for(was) is not _stands_for(new) and not (_stands_for(was) is None and _passes(new)):
            reason = new.reason if new else "no evidence was gathered"
            yield f"{layer}: {_words(was)} before, {_words(new)} now: {reason}"


def _stands_for(item: Evidence | None) -> Outcome | None:
    """Give what evidence says for or against; None where it says nothing."""
    return None if item is None or item.outcome is Outcome.NOT_APPLICABLE else item.outcome


def _passes(item: Evidence | None) -> bool:
    return item is not None and item.outcome is Outcome.PASS


def _words(item: Evidence | None) -> str:
    return "none" if item is None else item.outcome.replace("_", " ")
