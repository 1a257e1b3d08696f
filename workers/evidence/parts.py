"""Whether the parts of a generating call took the time that each needs: the first token, and all that follow.

In: the marks of timed calls. Out: a look for the layer of plausibility. What is put off from one part to the other
leaves the time of the whole call as it is.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from pydantic import JsonValue

from farm.contract.job import JobSpec
from workers.evidence.plausibility import Look
from workers.measure.roofline import Position, Roof, Work, position
from workers.workload import Call

SECOND: Final = 1e9  # nanoseconds
FIRST: Final = "the first token"
REST: Final = "the other tokens"


class Times(NamedTuple):
    """Median seconds until the first token, and from there to the last one."""

    first: float
    rest: float


def times(calls: Sequence[Call]) -> Times | None:
    """Read the marks of generating calls: after the encoder, then after each token. None where there are none."""
    if not all(len(call.marks) > 1 for call in calls):
        return None
    first = median([(call.marks[1] - call.start) / SECOND for call in calls])
    return Times(first, median([(call.marks[-1] - call.marks[1]) / SECOND for call in calls]))


def judge(took: Times | None, work: Work, roof: Roof, spec: JobSpec, *, roof_of: str) -> Look:
    """Fail where a part was made faster than the roof and its error allow."""
    if took is None or work.step is None:
        return Look({})

    def place(part: Work, seconds: float) -> Position:
        count = spec.new_tokens or 1
        return position(part, roof, precision=spec.precision, seconds=seconds, new_tokens=count, roof_of=roof_of)

    found = {FIRST: place(Work(once=work.once), took.first)}
    if took.rest > 0:
        found[REST] = place(Work(once=(), step=work.step, growth=work.growth), took.rest)
    figures: dict[str, JsonValue] = {
        "first_token_fraction": found[FIRST].fraction,
        **({"other_tokens_fraction": found[REST].fraction} if REST in found else {}),
    }
    for name, at in found.items():
        if at.above:
            told = (
                f"{name} took {at.seconds * 1e3:.3g} ms, {at.fraction:.2f} times as fast as the {at.binds} roof allows"
            )
            return Look(figures, f"{told}: its work was done elsewhere in the call")
    return Look(figures)
