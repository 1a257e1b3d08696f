"""Layer sensitivity: the same input gives the same output, another input another one, and not just any other one."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from pydantic import JsonValue
from scipy.spatial.distance import cdist

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.engine import Array
from workers.evidence.agreement import TOKENS, Pair
from workers.evidence.thresholds import MOST_CONFUSED, ROUNDING, SAME_WATCHED
from workers.evidence.thresholds import SAME_OUTPUT as SAME

TINY: Final = 1e-30  # keeps the length of a zero output from dividing by zero


def judge(
    *,
    precision: str,
    pairs: Sequence[Pair],
    timed: Sequence[Mapping[str, Array]],
    asked: Sequence[Mapping[str, Array]] = (),
    watched: Mapping[str, Array] | None = None,
    inputs_differ: bool = True,
) -> Evidence:
    """Ask whether each answer is nearer to its own reference than to any other's, and timed calls with one input agree.

    `pairs` are answers to different inputs; `timed` are outputs of timed calls with one input, `asked` of timed calls
    with others; `watched` is what a call answered to the first input while it was looked at.
    """
    names = [name for name in (pairs[0].reference if pairs else ()) if name != TOKENS]
    if not names:
        return _say(Outcome.NOT_APPLICABLE, "there is nothing to compare", {})
    if not inputs_differ:
        return _say(Outcome.FAIL, "the family makes the same inputs for every seed", {})
    if any(_alike(one.answer, other.answer) for one, other in pairwise(pairs)):
        return _say(Outcome.FAIL, "another input gave the very same output", {})
    first, *rest = timed
    if any(not _near(first, other) for other in rest):  # tokens are agreement's: a near-tie may fall either way
        return _say(Outcome.FAIL, "two timed calls with the same input gave different outputs", {})
    figures: dict[str, JsonValue] = {"most_confused": MOST_CONFUSED, "rounding": ROUNDING[precision]}
    if watched and TOKENS not in first:
        figures |= {"watched_away": _away(first, watched), "most_watched_away": SAME_WATCHED[precision]}
        if _away(first, watched) > SAME_WATCHED[precision]:
            return _say(Outcome.FAIL, "a call that was looked at gave another output than timed calls did", figures)
    if TOKENS not in first and any(_alike(first, other) for other in asked):
        return _say(Outcome.FAIL, "another input gave the very same output within the timed loop", figures)
    unknown = []
    for name in names:
        confused, spread = confusion(
            [pair.answer.get(name) for pair in pairs], [pair.reference[name] for pair in pairs]
        )
        figures |= {f"confused_{name}": confused, f"spread_{name}": spread}
        if spread < ROUNDING[precision]:
            unknown.append(name)
        elif confused > MOST_CONFUSED:
            told = f"{name}: an answer is {confused:.2f} of the way from its own reference to another input's"
            return _say(Outcome.FAIL, told, figures)
    if unknown:
        told = f"outputs differ with the input; whether rightly is lost in the rounding of {precision}"
        return _say(Outcome.PASS, f"{told} ({', '.join(unknown)})", figures)
    return _say(Outcome.PASS, "outputs depend on the input, and on it alone", figures)


def confusion(answers: Sequence[Array | None], references: Sequence[Array]) -> tuple[float, float]:
    """Give how far the worst item is on its way to another item's reference, and how near the nearest two references
    are, relative to their length. Items that are equal in the reference are one and the same.
    """
    if any(found is None or found.shape != each.shape for found, each in zip(answers, references, strict=True)):
        return 1e9, 1.0
    own = np.concatenate([_items(found) for found in answers if found is not None])
    known = np.concatenate([_items(each) for each in references])
    away = np.linalg.norm(own - known, axis=1)
    apart = cdist(known, known)
    nearest = np.where(apart > 0, apart, np.inf).min(1)
    with np.errstate(all="ignore"):
        confused = np.nan_to_num(away / nearest, nan=1e9, posinf=1e9).max()
        spread = np.min(nearest / np.linalg.norm(known, axis=1))
    return float(confused), float(spread) if np.isfinite(spread) else 0.0


def _items(array: Array) -> Array:
    return array.reshape(len(array), -1).astype(np.float64)


def _alike(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return all(np.array_equal(one[name], other.get(name, 0), equal_nan=False) for name in one)


def _near(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return all(
        name in other
        and one[name].shape == other[name].shape
        and np.allclose(one[name], other[name], rtol=SAME, atol=SAME)
        for name in one
        if name != TOKENS
    )


def _say(outcome: Outcome, reason: str, figures: Mapping[str, JsonValue]) -> Evidence:
    return Evidence(layer=Layer.SENSITIVITY, outcome=outcome, reason=reason, figures=dict(figures))


def _away(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """Give how far an output is from another one, relative to its length; the worst of all names."""
    if any(name not in other or each.shape != other[name].shape for name, each in one.items()):
        return float("inf")
    found = [np.linalg.norm(each - other[name]) / max(float(np.linalg.norm(each)), TINY) for name, each in one.items()]
    return float(np.nan_to_num(max(found, default=0.0), nan=np.inf))
