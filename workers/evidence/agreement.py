"""Layer agreement: the answers of the PyTorch CPU fp32 reference, on the same weights and inputs."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.engine import Array
from workers.evidence.thresholds import LEAST_COSINE

TOKENS: Final = "tokens"  # compared apart: one near-tie changes all that follow


def cosines(answer: Array, reference: Array) -> Array:
    """Give the cosine along the last axis, one per row; 0 where a row is zero or not finite."""
    rows = answer.reshape(-1, answer.shape[-1]).astype(np.float64)
    others = reference.reshape(-1, reference.shape[-1]).astype(np.float64)
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    with np.errstate(all="ignore"):
        found = np.einsum("ij,ij->i", rows, others) / norms
    return np.where(np.isfinite(found), found, 0.0)


def judge(
    *,
    precision: str,
    answers: Mapping[str, Array],
    reference: Mapping[str, Array],
    timed: Sequence[Mapping[str, Array]],
) -> Evidence:
    """Compare the answers, and the outputs kept from timed calls, with the reference."""
    names = [name for name in reference if name != TOKENS]
    if not names:
        return _say(Outcome.NOT_APPLICABLE, "there is no reference for this kind of work", {})
    figures: dict[str, object] = {"threshold": LEAST_COSINE[precision]}
    for name in names:
        expected = reference[name]
        compared = [answers.get(name), *(outputs[name] for outputs in timed if name in outputs)]
        shapes = [None if found is None else found.shape for found in compared]
        if any(shape != expected.shape for shape in shapes):
            return _say(Outcome.FAIL, f"{name} has shape {shapes}, in the reference {expected.shape}", {})
        worst = min(float(cosines(found, expected).min()) for found in compared if found is not None)
        figures |= {f"least_cosine_{name}": worst, f"compared_{name}": len(compared)}
        if worst < LEAST_COSINE[precision]:
            reason = (
                f"{name}: cosine {worst:.5f} with the fp32 reference, below {LEAST_COSINE[precision]:g} for {precision}"
            )
            return _say(Outcome.FAIL, reason, figures)
    tokens = [outputs[TOKENS] for outputs in timed if TOKENS in outputs]
    if tokens:
        # The first token of a timed call follows from the prompt alone, as does the first of the compared answers.
        same = all(np.array_equal(found[:, 0], answers[TOKENS][:, 0]) for found in tokens)
        figures["timed_first_tokens_equal"] = same
        if not same:
            return _say(Outcome.FAIL, "a timed call gave another first token than the compared one", figures)
    least = min(figure for name, figure in figures.items() if name.startswith("least_") and isinstance(figure, float))
    return _say(Outcome.PASS, f"cosine {least:.6f} with the fp32 reference", figures)


def _say(outcome: Outcome, reason: str, figures: Mapping[str, object]) -> Evidence:
    return Evidence.model_validate(
        {"layer": Layer.AGREEMENT, "outcome": outcome, "reason": reason, "figures": dict(figures)}
    )
