"""Layer agreement: the answers of the PyTorch CPU fp32 reference, on the same weights and inputs."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.engine import Array
from workers.evidence.thresholds import LEAST_COSINE, MOST_BEHIND, MOST_ERROR, MOST_ROUNDED, TIMES_ROUNDED

TOKENS: Final = "tokens"  # compared apart: one near-tie changes all that follow


class Pair(NamedTuple):
    """An answer, the reference's answer to the same input, and how to speak of them."""

    what: str
    answer: Mapping[str, Array]
    reference: Mapping[str, Array]
    rounded: Mapping[str, Array] = {}  # what the reference answers in the precision asked for, where that was needed


class Written(NamedTuple):
    """Tokens (batch, steps) of a timed call, and the reference's logits (batch, steps, vocabulary) along them."""

    what: str
    tokens: Array | None
    logits: Array
    asked: int  # tokens of each row


class Limits(NamedTuple):
    """What an answer may be away from the reference."""

    least_cosine: float
    most_error: float


def limits_of(precision: str, pair: Pair, name: str) -> Limits:
    """Give the thresholds of a precision; wider ones where the reference itself rounds further than they allow."""
    least, most = LEAST_COSINE[precision], MOST_ERROR[precision]
    if name not in pair.rounded or precision not in TIMES_ROUNDED:
        return Limits(least, most)
    away = error(pair.rounded[name], pair.reference[name])
    wider = max(most, min(TIMES_ROUNDED[precision] * away, MOST_ROUNDED))
    return Limits(min(least, 1 - wider**2 / 2), wider)  # so near are two unit vectors that are so far apart


def beyond(pair: Pair, precision: str) -> bool:
    """Say whether an answer is further away than its precision explains, where a model may round further than that."""
    return precision in TIMES_ROUNDED and any(
        comparable(pair.answer.get(name), pair.reference[name])
        and _away(pair, name).beyond(limits_of(precision, pair, name))
        for name in _names(pair)
    )


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


def comparable(found: Array | None, expected: Array) -> bool:
    """Say whether an answer has the reference's shape, and is numbers at all."""
    return found is not None and found.shape == expected.shape and found.dtype.kind in "fiu"


def behind_best(tokens: Array, logits: Array) -> Array:
    """Give how far each token's score lies below the best, in standard deviations of the scores of its step."""
    chosen = np.take_along_axis(logits, tokens[..., None], axis=-1)[..., 0]
    found: Array = (logits.max(-1) - chosen) / logits.std(-1)
    return found


def _names(pair: Pair) -> list[str]:
    return [name for name in pair.reference if name != TOKENS]


class _Away(NamedTuple):
    """How near an answer is to the reference's."""

    cosine: float
    error: float

    def beyond(self, limits: Limits) -> bool:
        return self.cosine < limits.least_cosine or self.error > limits.most_error


def _away(pair: Pair, name: str) -> _Away:
    found, expected = pair.answer[name], pair.reference[name]
    return _Away(float(cosines(found, expected).min()), error(found, expected))


def _compared(pair: Pair, name: str, *, figures: dict[str, JsonValue], precision: str) -> str:
    """Add the figures of one output; give the reason why it fails, or nothing."""
    expected, found = pair.reference[name], pair.answer.get(name)
    if not comparable(found, expected):
        shape = None if found is None else found.shape
        return f"{name} of {pair.what} has shape {shape}, in the reference {expected.shape}"
    away, limits = _away(pair, name), limits_of(precision, pair, name)
    figures[f"cosine_{name}"] = min(away.cosine, float(str(figures.get(f"cosine_{name}", 1.0))))
    if away.error >= float(str(figures.get(f"error_{name}", 0.0))):
        figures[f"error_{name}"] = away.error
        figures |= _widened(pair, name, limits=limits, precision=precision)
    if away.cosine < limits.least_cosine:
        told = f"{name} of {pair.what}: cosine {away.cosine:.5f} with the fp32 reference"
        return f"{told}, below {limits.least_cosine:.4g} for {precision}"
    if away.error > limits.most_error:
        told = f"{name} of {pair.what}: {away.error:.2g} away from the fp32 reference"
        return f"{told}, more than {limits.most_error:.4g} for {precision}"
    return ""


def _widened(pair: Pair, name: str, *, limits: Limits, precision: str) -> dict[str, JsonValue]:
    """Tell the limits of one output where its model's own rounding widened them."""
    if limits.most_error <= MOST_ERROR[precision]:
        return {}
    rounded = error(pair.rounded[name], pair.reference[name])
    told = {"rounded": rounded, "most_error": limits.most_error, "least_cosine": limits.least_cosine}
    return {f"{word}_{name}": figure for word, figure in told.items()}


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
