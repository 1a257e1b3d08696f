"""Evidence that an implementation is real, layer by layer, and the verdict it earns."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from farm.contract.value import Value


class Layer(StrEnum):
    """What a piece of evidence is about."""

    IDENTITY = "identity"  # it is the model that was asked for
    PLACEMENT = "placement"  # it ran where it was asked to run
    AGREEMENT = "agreement"  # it gives the reference's answers
    SENSITIVITY = "sensitivity"  # it reacts to its input
    PLAUSIBILITY = "plausibility"  # the hardware could have done it in that time


class Outcome(StrEnum):
    """How a layer was judged."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


class Verdict(StrEnum):
    """What all layers together say. Only `real` is ranked or compared."""

    REAL = "real"
    MOCK = "mock"
    SUSPECT = "suspect"


#: The platform that measures nothing: what it did is real of nothing.
FAKE: Final = "fake"


class Evidence(Value):
    """One layer's outcome with the reason in words and every figure it was judged by."""

    layer: Layer
    outcome: Outcome
    reason: str
    figures: dict[str, JsonValue]


#: Of several pieces of evidence of one layer, as repeats may bring them, the first of these stands for all.
LOUDEST_FIRST: Final = (Outcome.FAIL, Outcome.PASS, Outcome.NOT_APPLICABLE)


def by_layer(evidence: Iterable[Evidence]) -> dict[Layer, Evidence]:
    """Give one piece of evidence for each layer that has any: a failure where there is one."""
    found: dict[Layer, Evidence] = {}
    for item in sorted(evidence, key=lambda item: LOUDEST_FIRST.index(item.outcome)):
        found.setdefault(item.layer, item)
    return found
