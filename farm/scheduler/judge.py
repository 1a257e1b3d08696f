"""The verdict that evidence earns. Pure: evidence in, verdict out."""

from collections.abc import Sequence
from typing import Final

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict

#: Without these passing, nothing is called real: no news is not good news.
NEEDED: Final = tuple(Layer)
#: A failure of these shows another computation than the one asked for; of the others, that something is off.
DAMNING: Final = (Layer.IDENTITY, Layer.AGREEMENT)


def judge(evidence: Sequence[Evidence]) -> Verdict:
    """Give `real` when every needed layer passed and none failed, `mock` on a damning failure, else `suspect`."""
    failed = {item.layer for item in evidence if item.outcome is Outcome.FAIL}
    passed = {item.layer for item in evidence if item.outcome is Outcome.PASS}
    if failed.intersection(DAMNING):
        return Verdict.MOCK
    if failed or not passed.issuperset(NEEDED):
        return Verdict.SUSPECT
    return Verdict.REAL
