"""The verdict that evidence earns. Pure: evidence in, verdict out."""

from collections.abc import Sequence
from typing import Final

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict

#: Without these passing, nothing is called real: no news is not good news.
NEEDED: Final = (Layer.IDENTITY, Layer.PLACEMENT, Layer.AGREEMENT)
#: These must have been looked at, and pass wherever they have a meaning.
LOOKED_AT: Final = (Layer.PLAUSIBILITY,)
#: A failure of these shows another computation than the one asked for; of the others, that something is off.
DAMNING: Final = (Layer.IDENTITY, Layer.AGREEMENT)


def judge(evidence: Sequence[Evidence]) -> Verdict:
    """Give `real` when nothing is missing and nothing failed, `mock` on a damning failure, else `suspect`."""
    failed = {item.layer for item in evidence if item.outcome is Outcome.FAIL}
    if failed.intersection(DAMNING):
        return Verdict.MOCK
    if failed or missing(evidence):
        return Verdict.SUSPECT
    return Verdict.REAL


def missing(evidence: Sequence[Evidence]) -> tuple[Layer, ...]:
    """Name the layers without which nothing is real and which did not fail: they have no evidence at all, or none
    where there must be some.
    """
    seen = {item.layer for item in evidence}
    told = {item.layer for item in evidence if item.outcome is not Outcome.NOT_APPLICABLE}
    return (*(layer for layer in NEEDED if layer not in told), *(layer for layer in LOOKED_AT if layer not in seen))
