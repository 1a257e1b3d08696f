"""Layer sensitivity: the same input gives the same output, another input another one."""

from collections.abc import Mapping, Sequence

import numpy as np

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.engine import Array
from workers.evidence.thresholds import SAME_OUTPUT as SAME


def judge(
    *, answers: Mapping[str, Array], others: Mapping[str, Array], timed: Sequence[Mapping[str, Array]]
) -> Evidence:
    """Compare answers to two inputs, and the outputs of timed calls with one another."""
    if not answers:
        return _say(Outcome.NOT_APPLICABLE, "there is nothing to compare")
    if all(np.array_equal(answers[name], others[name]) for name in answers):
        return _say(Outcome.FAIL, "another input gave the very same output")
    first, *rest = timed
    if any(not np.allclose(first[name], other[name], rtol=SAME, atol=SAME) for other in rest for name in first):
        return _say(Outcome.FAIL, "two timed calls with the same input gave different outputs")
    return _say(Outcome.PASS, "outputs depend on the input, and on it alone")


def _say(outcome: Outcome, reason: str) -> Evidence:
    return Evidence(layer=Layer.SENSITIVITY, outcome=outcome, reason=reason, figures={})
