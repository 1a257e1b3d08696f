"""The closed list of doubts about a number: each has a meaning and is stored with its figure."""

from enum import StrEnum
from typing import Final

from farm.contract.value import Value


class DoubtKind(StrEnum):
    """A reason to trust a number less."""

    TOO_FEW_SAMPLES = "too_few_samples"
    NOT_STEADY = "not_steady"
    IMPRECISE = "imprecise"
    NOISY_HOST = "noisy_host"
    SHARED_HOST = "shared_host"
    LOW_MEMORY = "low_memory"
    THROTTLED = "throttled"
    DRIFTING = "drifting"
    BIMODAL = "bimodal"
    AUTOCORRELATED = "autocorrelated"
    ABOVE_ROOF = "above_roof"
    OVERLOADED = "overloaded"
    BOUND_MISSED = "bound_missed"


MEANING: Final[dict[DoubtKind, str]] = {
    DoubtKind.TOO_FEW_SAMPLES: "the time limit came before the least number of samples (figure: samples taken)",
    DoubtKind.NOT_STEADY: "warm-up ended by its budget before the times were steady (figure: relative drift)",
    DoubtKind.IMPRECISE: "a ceiling came before the asked precision, or ended a search (figure: relative range left)",
    DoubtKind.NOISY_HOST: "other processes used the CPU while we measured (figure: CPU cores they used)",
    DoubtKind.SHARED_HOST: "the operator let another device of this host be measured at the same time (figure: 1)",
    DoubtKind.LOW_MEMORY: "little memory was free, or tasks waited for it, while we measured (figure: free share)",
    DoubtKind.THROTTLED: "the processor was slowed down for its heat (figure: throttling events it counted)",
    DoubtKind.DRIFTING: "the times rose or fell while we measured (figure: relative change from first to last calls)",
    DoubtKind.BIMODAL: "the calls had two speeds, so no one figure stands for them (figure: slower / faster mode)",
    DoubtKind.AUTOCORRELATED: "calls took as long as those before them (figure: calls that tell as much as one would)",
    DoubtKind.ABOVE_ROOF: "faster than the measured roofline and its error allow (figure: times the roof)",
    DoubtKind.OVERLOADED: "queries arrived faster than they could be served (figure: seconds of calls due per second)",
    DoubtKind.BOUND_MISSED: "the run at the highest rate found did not keep the bound (figure: share of queries late)",
}


class Doubt(Value):
    """One doubt about one result, with the figure that raised it and a sentence for people."""

    kind: DoubtKind
    figure: float
    detail: str
