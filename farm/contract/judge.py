"""The verdict that evidence earns. Pure: evidence in, verdict out."""

from collections.abc import Sequence
from typing import Final

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict, by_layer

#: Without these passing, nothing is called real: no news is not good news.
NEEDED: Final = tuple(Layer)
#: A failure of these shows another computation than the one asked for; of the others, that something is off.
DAMNING: Final = (Layer.IDENTITY, Layer.AGREEMENT)


def judge(evidence: Sequence[Evidence]) -> Verdict:
    """Give `real` when every needed layer passed and none failed, `mock` on a damning failure, else `suspect`."""
    failed = {item.layer for item in evidence if item.outcome is Outcome.FAIL}
    if failed.intersection(DAMNING):
        return Verdict.MOCK
    return Verdict.SUSPECT if wanting(evidence) else Verdict.REAL


def wanting(evidence: Sequence[Evidence]) -> tuple[Layer, ...]:
    """Name the layers that keep a result from being real: those that failed, say nothing, or were not looked at."""
    found = by_layer(evidence)
    passed = {layer for layer, item in found.items() if item.outcome is Outcome.PASS}
    failed = {layer for layer, item in found.items() if item.outcome is Outcome.FAIL}
    return tuple(layer for layer in Layer if layer in failed or (layer in NEEDED and layer not in passed))
