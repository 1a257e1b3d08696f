"""Whether calls with known inputs are faster than those with new ones: an answer remembered instead of computed.

In: the timed calls and which of them had new inputs. Out: a look for the layer of plausibility.
"""

from collections.abc import Callable, Collection, Sequence
from statistics import median
from typing import Final, NamedTuple

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import (
    BESIDE_TICK,
    LATELY_SURPRISED,
    MOST_BESIDE_TIME,
    MOST_BESIDE_TIME_OF_GPU,
    MOST_SURPRISED,
    SURELY_SURPRISED,
)
from workers.measure.clock import clock
from workers.measure.outputs import Beside

SECOND: Final = 1e9  # nanoseconds
PAIRS: Final = 5  # of calls with known and with new inputs, in turn, where the first look was surprised
SHARE: Final = 0.25  # of the timed loop's calls that may be made again in pairs
LATE: Final = 4  # last calls with new inputs that are held against their neighbours
NEAR: Final = 4  # calls before and after
SURE: Final = 3  # calls with new inputs within the timed loop from which on the loop can speak for itself


class Surprise(NamedTuple):
    """Times of calls with new inputs, in times of calls with known ones; the fastest counts."""

    timed: float | None  # within the timed loop; None where none of its calls had new inputs
    asked: int  # calls with new inputs within the timed loop
    again: float | None = None  # outside it; None where no second look was needed
    lately: float | None = None  # the last few within the loop, each in times of its neighbours; None where too few


def surprise(
    seconds: Sequence[float], places: Collection[int], *, known: Callable[[], object], new: Callable[[], object]
) -> Surprise:
    """Compare the timed calls; look again in pairs where those with new inputs took longer.

    `known` makes a call as timed, `new` makes inputs that were never seen and gives a call with them.
    """
    asked = [seconds[place] for place in places]
    usual = median([each for place, each in enumerate(seconds) if place not in places])
    timed = min(asked) / usual if asked else None
    lately = _beside_neighbours(seconds, places)
    if timed is not None and timed <= MOST_SURPRISED:
        return Surprise(timed, len(asked), lately=lately)
    tries = max(1, min(PAIRS, int(SHARE * sum(seconds) / usual)))
    pairs = [_pair(known, new) for _ in range(tries)]
    if _ratio(pairs) > MOST_SURPRISED:  # before saying so
        pairs += [_pair(known, new) for _ in range(PAIRS - tries)]
    return Surprise(timed, len(asked), _ratio(pairs), lately)


def judge(found: Surprise) -> Look:
    """Fail where both looks were surprised, or the timed loop was so beyond doubt."""
    figures: dict[str, JsonValue] = {
        "new_inputs_time": found.timed,
        "new_inputs_calls": found.asked,
        "most_new_inputs_time": MOST_SURPRISED,
    }
    if found.again is not None:
        figures["new_inputs_time_again"] = found.again
    if found.lately is not None:
        figures |= {"new_inputs_time_lately": found.lately, "most_new_inputs_time_lately": LATELY_SURPRISED}
    if found.timed is not None and found.asked >= SURE and found.timed > SURELY_SURPRISED:
        return Look(figures, f"within the timed loop, calls with new inputs took {found.timed:.2f} times as long")
    if found.lately is not None and found.lately > LATELY_SURPRISED:
        told = f"calls with new inputs took {found.lately:.2f} times as long as their neighbours"
        return Look(figures, f"late in the timed loop, {told}")
    if found.again is not None and found.again > MOST_SURPRISED:
        return Look(figures, f"a call with new inputs takes {found.again:.2f} times as long as one with known inputs")
    return Look(figures)


def _beside_neighbours(seconds: Sequence[float], places: Collection[int]) -> float | None:
    """Hold the last calls with new inputs against those around them, which share the noise of their moment."""
    last = sorted(places)[-LATE:]
    if len(last) < LATE:
        return None
    known = [
        [seconds[at] for at in range(max(0, place - NEAR), min(len(seconds), place + NEAR + 1)) if at not in places]
        for place in last
    ]
    return min((seconds[place] / median(near) for place, near in zip(last, known, strict=True) if near), default=None)


def _pair(known: Callable[[], object], new: Callable[[], object]) -> tuple[float, float]:
    return _timed(known), _timed(_made(new))


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    least_known, least_new = (min(column) for column in zip(*pairs, strict=True))
    return float(least_new / least_known)


def put_off(seconds: Sequence[float], beside: Sequence[Beside], *, on_host: bool = True) -> Look:
    """Fail where a call's work was done beside it: ahead, while its inputs were placed, or when its outputs were read.

    The shortest of each counts. On a device of its own, placing is a copy to it, which may take longer than a call.
    """
    usual, most = median(seconds), MOST_BESIDE_TIME if on_host else MOST_BESIDE_TIME_OF_GPU
    figures: dict[str, JsonValue] = {"most_beside_time": most} if beside else {}
    failed = ""
    took = {"placing the inputs": [each.placing for each in beside]} if on_host else {}
    took |= {"reading the answer": [each.reading for each in beside]}
    for what, times in took.items():
        least = min(times, default=0.0)
        if times:
            figures |= {f"{what.partition(' ')[0]}_time": least / usual}
        if least > BESIDE_TICK and least > most * usual:
            failed = f"{what} of a call took {least / usual:.2f} times as long as the call itself"
    return Look(figures, failed)


def _made(new: Callable[[], object]) -> Callable[[], object]:
    made = new()
    assert callable(made)
    return made


def _timed(call: Callable[[], object]) -> float:
    began = clock()
    call()
    return (clock() - began) / SECOND
