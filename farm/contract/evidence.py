"""Evidence that an implementation is real, layer by layer, and the verdict it earns."""

from enum import StrEnum

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


class Evidence(Value):
    """One layer's outcome with the reason in words and every figure it was judged by."""

    layer: Layer
    outcome: Outcome
    reason: str
    figures: dict[str, JsonValue]
