"""Layer agreement: the answers of the PyTorch CPU fp32 reference, on the same weights and inputs."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.engine import Array
from workers.evidence.thresholds import LEAST_COSINE, MOST_BEHIND, MOST_ERROR

TOKENS: Final = "tokens"  # compared apart: one near-tie changes all that follow


class Pair(NamedTuple):
    """An answer, the reference's answer to the same input, and how to speak of them."""

    what: str
    answer: Mapping[str, Array]
    reference: Mapping[str, Array]


class Written(NamedTuple):
    """Tokens (batch, steps) of a timed call, and the reference's logits (batch, steps, vocabulary) along them."""

    what: str
    tokens: Array | None
    logits: Array
    asked: int  # tokens of each row


def judge(*, precision: str, pairs: Sequence[Pair], written: Sequence[Written] = ()) -> Evidence:
    """Compare answers with the reference's, and the tokens of timed calls with what the reference would have chosen."""
    if not any(_names(pair) for pair in pairs):
        return _say(Outcome.NOT_APPLICABLE, "there is no reference for this kind of work", {})
    figures: dict[str, JsonValue] = {
        "least_cosine": LEAST_COSINE[precision],
        "most_error": MOST_ERROR[precision],
        "compared": len(pairs),
    }
    for pair in pairs:
        for name in _names(pair):
            failed = _compared(pair, name, figures=figures, precision=precision)
            if failed:
                return _say(Outcome.FAIL, failed, figures)
    if written:
        figures |= {"most_behind": MOST_BEHIND[precision]}
    for each in written:
        failed = _followed(each, figures=figures, precision=precision)
        if failed:
            return _say(Outcome.FAIL, failed, figures)
    worst = min(float(str(figures[name])) for name in figures if name.startswith("cosine_"))
    return _say(Outcome.PASS, f"cosine {worst:.6f} with the fp32 reference", figures)


def cosines(answer: Array, reference: Array) -> Array:
    """Give the cosine along the last axis, one per row; 0 where a row is zero or not finite."""
    rows = answer.reshape(-1, answer.shape[-1]).astype(np.float64)
    others = reference.reshape(-1, reference.shape[-1]).astype(np.float64)
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    with np.errstate(all="ignore"):
        found = np.einsum("ij,ij->i", rows, others) / norms
    return np.where(np.isfinite(found), found, 0.0)


def error(answer: Array, reference: Array) -> float:
    """Give the greatest distance of an item from its reference, relative to the reference's length; not finite is 1e9.

    An item is all that belongs to one row of the batch.
    """
    rows, others = (each.reshape(len(each), -1).astype(np.float64) for each in (answer, reference))
    with np.errstate(all="ignore"):
        found = np.linalg.norm(rows - others, axis=1) / np.linalg.norm(others, axis=1)
    return float(np.nan_to_num(found, nan=1e9, posinf=1e9).max())


def behind_best(tokens: Array, logits: Array) -> Array:
    """Give how far each token's score lies below the best, in standard deviations of the scores of its step."""
    chosen = np.take_along_axis(logits, tokens[..., None], axis=-1)[..., 0]
    found: Array = (logits.max(-1) - chosen) / logits.std(-1)
    return found


def _names(pair: Pair) -> list[str]:
    return [name for name in pair.reference if name != TOKENS]


def _compared(pair: Pair, name: str, *, figures: dict[str, JsonValue], precision: str) -> str:
    """Add the figures of one output; give the reason why it fails, or nothing."""
    expected, found = pair.reference[name], pair.answer.get(name)
    if found is None or found.shape != expected.shape or found.dtype.kind not in "fiu":
        shape = None if found is None else found.shape
        return f"{name} of {pair.what} has shape {shape}, in the reference {expected.shape}"
    cosine, away = float(cosines(found, expected).min()), error(found, expected)
    figures[f"cosine_{name}"] = min(cosine, float(str(figures.get(f"cosine_{name}", 1.0))))
    figures[f"error_{name}"] = max(away, float(str(figures.get(f"error_{name}", 0.0))))
    if cosine < LEAST_COSINE[precision]:
        told = f"{name} of {pair.what}: cosine {cosine:.5f} with the fp32 reference"
        return f"{told}, below {LEAST_COSINE[precision]:g} for {precision}"
    if away > MOST_ERROR[precision]:
        told = f"{name} of {pair.what}: {away:.2g} away from the fp32 reference"
        return f"{told}, more than {MOST_ERROR[precision]:g} for {precision}"
    return ""


def _followed(each: Written, *, figures: dict[str, JsonValue], precision: str) -> str:
    rows, steps, vocabulary = each.logits.shape
    if each.tokens is None or each.tokens.shape != (rows, each.asked) or each.tokens.dtype.kind not in "iu":
        shape = None if each.tokens is None else each.tokens.shape
        return f"{each.what} has tokens of shape {shape}; {each.asked} for each of {rows} rows were asked for"
    if each.tokens.min() < 0 or each.tokens.max() >= vocabulary:
        return f"{each.what} has tokens that are not in the vocabulary of {vocabulary}"
    away = float(np.nan_to_num(behind_best(each.tokens[:, :steps], each.logits), nan=1e9).max())
    figures["behind"] = max(away, float(str(figures.get("behind", 0.0))))
    if away > MOST_BEHIND[precision]:
        most = MOST_BEHIND[precision]
        told = f"a token of {each.what} scores {away:.2f} standard deviations below the reference's best"
        return f"{told}, more than {most:g} for {precision}"
    return ""


def _say(outcome: Outcome, reason: str, figures: Mapping[str, JsonValue]) -> Evidence:
    return Evidence(layer=Layer.AGREEMENT, outcome=outcome, reason=reason, figures=dict(figures))
