"""Whether calls with known inputs are faster than those with new ones: an answer remembered instead of computed.

In: the timed calls and which of them had new inputs. Out: a look for the layer of plausibility.
"""

from collections.abc import Callable, Collection, Sequence
from statistics import median
from typing import Final, NamedTuple

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import MOST_SURPRISED, SURELY_SURPRISED
from workers.measure.clock import clock

SECOND: Final = 1e9  # nanoseconds
PAIRS: Final = 5  # of calls with known and with new inputs, in turn, where the first look was surprised
SHARE: Final = 0.25  # of the timed loop's calls that may be made again in pairs
SURE: Final = 3  # calls with new inputs within the timed loop from which on the loop can speak for itself


class Surprise(NamedTuple):
    """Times of calls with new inputs, in times of calls with known ones; the fastest counts."""

    timed: float | None  # within the timed loop; None where none of its calls had new inputs
    asked: int  # calls with new inputs within the timed loop
    again: float | None = None  # outside it; None where no second look was needed


def surprise(
    seconds: Sequence[float], places: Collection[int], *, known: Callable[[], object], new: Callable[[], object]
) -> Surprise:
    """Compare the timed calls; look again in pairs where those with new inputs took longer.

    `known` makes a call as timed, `new` makes inputs that were never seen and gives a call with them.
    """
    asked = [seconds[place] for place in places]
    usual = median([each for place, each in enumerate(seconds) if place not in places])
    timed = min(asked) / usual if asked else None
    if timed is not None and timed <= MOST_SURPRISED:
        return Surprise(timed, len(asked))
    tries = max(1, min(PAIRS, int(SHARE * sum(seconds) / usual)))
    pairs = [(_timed(known), _timed(_made(new))) for _ in range(tries)]
    least_known, least_new = (min(column) for column in zip(*pairs, strict=True))
    return Surprise(timed, len(asked), least_new / least_known)


def judge(found: Surprise) -> Look:
    """Fail where both looks were surprised, or the timed loop was so beyond doubt."""
    figures: dict[str, JsonValue] = {
        "new_inputs_time": found.timed,
        "new_inputs_calls": found.asked,
        "most_new_inputs_time": MOST_SURPRISED,
    }
    if found.again is not None:
        figures["new_inputs_time_again"] = found.again
    if found.timed is not None and found.asked >= SURE and found.timed > SURELY_SURPRISED:
        return Look(figures, f"within the timed loop, calls with new inputs took {found.timed:.2f} times as long")
    if found.again is not None and found.again > MOST_SURPRISED:
        return Look(figures, f"a call with new inputs takes {found.again:.2f} times as long as one with known inputs")
    return Look(figures)


def _made(new: Callable[[], object]) -> Callable[[], object]:
    made = new()
    assert callable(made)
    return made


def _timed(call: Callable[[], object]) -> float:
    began = clock()
    call()
    return (clock() - began) / SECOND
