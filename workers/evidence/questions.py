"""Inputs that nobody can know beforehand, for calls within the timed loop: what is timed is what is validated."""

import random
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.workload import Family

SEEDS: Final = 2**31
MOST: Final = 3  # calls of the timed loop that are questions; they count as samples, for their work is the same
APART: Final = 3  # at least so many calls for each question
EARLY: Final = 4  # one question is among so many calls after the first
#: A loop may go on far beyond its least number of calls: one more question for each time that it is longer by half.
LONGER: Final = 1.5
MOST_BYTES: Final = 4 * 2**20  # of inputs for such; where inputs are larger, calls are slower and loops are shorter


class Questions(NamedTuple):
    """Inputs of the same shape as the job's own: the first ones made by the family, the others mixed from them."""

    seed: int  # drawn for this attempt; kept with the evidence, so that the same question can be asked again
    inputs: Sequence[Arrays]
    places: Mapping[int, int]  # calls of the timed loop, by their place in it, to the number of the question


def pose(family: Family, spec: JobSpec, *, folder: Path, inputs: Arrays) -> Questions:
    """Draw a seed and make the questions of one attempt. Each is for one call: a second one could be remembered."""
    seed = secrets.randbelow(SEEDS)
    made, _ = family.inputs(folder, once(spec).model_copy(update={"seed": seed}))
    dice = np.random.default_rng(secrets.randbits(128))
    least = spec.measure.min_iterations
    asked = max(1, min(MOST, least // APART))
    size = sum(array.nbytes for array in inputs.values())
    late = later(least, spec.measure.max_iterations)[: MOST_BYTES // max(1, size)]
    others = [mixed(inputs, made, dice=dice) for _ in range(asked - 1 + len(late))]
    at = places(asked, among=least) | {place: asked + number for number, place in enumerate(late)}
    return Questions(seed, [made, *others], at)


def once(spec: JobSpec) -> JobSpec:
    """Give the same job for inputs whose making nobody times: once is enough."""
    return spec.model_copy(update={"measure": spec.measure.model_copy(update={"min_iterations": 1})})


def mixed(one: Arrays, other: Arrays, *, dice: np.random.Generator) -> dict[str, Array]:
    """Make a third input of two honest ones: numbers are shifted along their rows, words taken from either."""
    return {name: _mixed(one[name], array, dice=dice) for name, array in other.items()}


def same(one: Arrays, other: Arrays) -> bool:
    """Say whether two inputs are equal in everything."""
    return all(np.array_equal(array, other[name]) for name, array in one.items())


def places(count: int, *, among: int) -> dict[int, int]:
    """Give the calls that are to be questions, as indexes into the timed calls, by the number of the question.

    The first call is none of them; one stands early, as a loop of slow calls ends early. Drawn from the system's own
    source of chance: a seed could be known.
    """
    dice = random.SystemRandom()
    free = range(1, among)
    if not free:
        return {}
    early = dice.choice(free[:EARLY])
    rest = [place for place in free if place != early]
    drawn = [early, *dice.sample(rest, min(count - 1, len(rest)))]
    return dict(zip(drawn, dice.sample(range(count), len(drawn)), strict=True))


def later(least: int, most: int) -> list[int]:
    """Give places for further questions, beyond the least number of calls: what runs may change its ways late."""
    dice, found, start = random.SystemRandom(), [], least
    while start < most:
        end = min(most, int(start * LONGER) + 1)
        found.append(dice.randrange(start, end))
        start = end
    return found


def _mixed(one: Array, other: Array, *, dice: np.random.Generator) -> Array:
    if np.issubdtype(other.dtype, np.floating):
        return np.roll(other, int(dice.integers(1, max(2, other.shape[-1]))), axis=-1)
    if one.shape != other.shape:
        return other
    return np.where(dice.random(other.shape) < 0.5, one, other)


def shown(questions: Questions) -> Mapping[str, int]:
    """Give the figures that let a question be asked again."""
    return {"question_seed": questions.seed, "questions": len(questions.inputs)}
