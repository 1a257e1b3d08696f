"""Layer plausibility: the hardware could have done it in that time, was at work meanwhile, and takes longer for more.

The judge is pure; what it judges is collected outside the timed loop, but for two looks at the process around it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome
from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.evidence.thresholds import (
    LEAST_AT_WORK,
    LEAST_FELT,
    LEAST_GROWTH,
    LEAST_MORE_WORK,
    MOST_BESIDE_THREADS,
)
from workers.measure.clock import clock
from workers.measure.roofline import Position, Roof, Work, position
from workers.workload import Family

WHOLE: Final = Path("/proc/self/schedstat")
TASKS: Final = Path("/proc/self/task")
SECOND: Final = 1e9  # nanoseconds
LEAST_TO_HALVE: Final = 2  # of rows; a single one is doubled instead
LEAST_TOKENS: Final = 4  # new ones, or of a text, to be halved
SHARE: Final = 0.03  # of the timed loop's seconds that another size may be tried for
MOST_TRIES: Final = 3
PAIRS: Final = 5  # of calls of both sizes, in turn, where the first look found no growth


class AtWork:
    """How much of a stretch of wall time the threads of this process ran, of that in which they need not wait."""

    def __init__(self) -> None:
        """Begin the stretch."""
        self._spent = _spent()
        self._wall = clock()

    def share(self, *, idle: float = 0.0, spun: float = 0.0) -> float:
        """Sum over the threads what each ran of the time in which it did not wait for a processor; 0 is all asleep.

        Left out are `idle` seconds, in which there was nothing to do, and the part of them that was spun all the same.
        """
        wall = (clock() - self._wall) / SECOND - idle
        if wall <= 0:
            return 0.0
        ran = sum(_share(now, self._spent.get(task, NOTHING), wall=wall) for task, now in _spent().items())
        return max(0.0, ran - spun / wall)


class Spent(NamedTuple):
    """Seconds that a thread ran, and that it waited for a processor."""

    ran: float
    waited: float


NOTHING: Final = Spent(0.0, 0.0)


class Other(NamedTuple):
    """Another size of the same work."""

    name: str  # which axis differs, and how
    spec: JobSpec
    inputs: Arrays
    work: Work
    more_passes: bool  # the larger one of the two makes more passes, each of which costs its start at least


class Growth(NamedTuple):
    """How the time of a call follows its work, or why that cannot be told."""

    name: str
    work: float  # of the larger size, by the roofline, in works of the smaller one
    time: float  # of the larger size in times of the smaller one
    calls: int
    missing: str = ""


class Look(NamedTuple):
    """What another look at the timed loop found: figures, and why they cannot be, if they cannot."""

    figures: Mapping[str, JsonValue]
    failed: str = ""


def judge(
    *, stands: Position | None, at_work: float, threads: int | None = None, grows: Growth, looks: Sequence[Look] = ()
) -> Evidence:
    """Compare the time with the roof, the process's own time with the wall's, and growth with the growth of work.

    `threads` are those that the job may use; None where its device is not the host.
    """
    figures: dict[str, JsonValue] = {"at_work": round(at_work, 4), "least_at_work": LEAST_AT_WORK}
    failed = [look.failed for look in looks if look.failed]
    for look in looks:
        figures |= look.figures
    if stands is not None:
        figures |= {"roofline_fraction": stands.fraction, "roof_error": stands.error, "binds": stands.binds}
        if stands.above:
            failed.append(above(stands))
    if at_work < LEAST_AT_WORK:
        failed.append(f"the process ran for {at_work:.0%} of the timed loop in which it need not wait: it mostly slept")
    if threads is not None:
        figures |= {"most_at_work": threads + MOST_BESIDE_THREADS}
        if at_work > threads + MOST_BESIDE_THREADS:
            failed.append(f"{at_work:.1f} threads were at work in the timed loop, the job may use {threads}")
    if grows.missing:
        figures |= {"growth": grows.missing}
    else:
        least = 1 + LEAST_GROWTH * (grows.work - 1)
        figures |= {"growth": grows.name, "more_work": grows.work, "more_time": grows.time, "least_more_time": least}
        figures |= {"growth_calls": grows.calls}
        if grows.time < least:
            failed.append(f"{grows.name}: {grows.work:.2f} times the work took {grows.time:.2f} times as long")
    if failed:
        return Evidence(layer=Layer.PLAUSIBILITY, outcome=Outcome.FAIL, reason="; ".join(failed), figures=figures)
    told = ["at work throughout"]
    if stands is not None:
        told.append(f"at {stands.fraction:.0%} of what the {stands.binds} roof allows")
    told.append(f"growth not judged: {grows.missing}" if grows.missing else "more work takes longer")
    return Evidence(layer=Layer.PLAUSIBILITY, outcome=Outcome.PASS, reason="; ".join(told), figures=figures)


def above(stands: Position) -> str:
    """Say that a call was faster than the roof allows."""
    return (
        f"{stands.seconds * 1e3:.3g} ms are {stands.fraction:.2f} times as fast as the {stands.binds} roof allows, "
        f"whose error is {stands.error:.0%}: the roof or the result is wrong"
    )


def other_size(spec: JobSpec, inputs: Arrays, work: Work) -> Other | str:
    """Choose the size to compare with: half the tokens, half the text, half the batch, else twice one row.

    What is halved is cheap to try and fits into the memory. Gives the reason where no other size can be tried.
    """
    if spec.options.get("compile") or spec.options.get("cache") == "static":
        return "this call is compiled for one size"
    if work.step is not None and (spec.new_tokens or 0) >= LEAST_TOKENS:
        fewer = (spec.new_tokens or 0) // 2
        changed = spec.model_copy(update={"new_tokens": fewer})
        return Other(f"{spec.new_tokens} new tokens against {fewer}", changed, inputs, work, True)
    length = spec.sequence_length or 0
    if length >= LEAST_TOKENS:
        half = {name: array[:, : length // 2] if _is_text(array, length) else array for name, array in inputs.items()}
        changed = spec.model_copy(update={"sequence_length": length // 2})
        name = f"{length} tokens against {length // 2}"
        return Other(name, changed, half, work.scaled(length // 2 / length), False)
    rows = spec.batch_size
    if any(len(array) != rows for array in inputs.values()):
        return "the inputs cannot be cut into rows"
    if rows >= LEAST_TO_HALVE:
        cut = {name: array[: rows // 2] for name, array in inputs.items()}
        changed = spec.model_copy(update={"batch_size": rows // 2})
        return Other(f"batch {rows} against {rows // 2}", changed, cut, work.scaled(rows // 2 / rows), False)
    twice = {name: np.concatenate([array, array]) for name, array in inputs.items()}
    changed = spec.model_copy(update={"batch_size": 2})
    return Other("batch 2 against 1", changed, twice, work.scaled(2), False)


class Sizes(NamedTuple):
    """What growth is looked for with: the engine, the work as timed and its times, and the roof to weigh work by."""

    engine: Any
    family: Family
    folder: Path
    spec: JobSpec
    call: Callable[[], object]  # the workload as it was timed
    seconds: Sequence[float]  # of the timed calls
    roof: Roof


def growth(sizes: Sizes, inputs: Arrays, work: Work) -> Growth:
    """Time calls of another size; look twice before saying that time does not follow work."""
    other = other_size(sizes.spec, inputs, work)
    if isinstance(other, str):
        return not_told(other)
    usual = median(sizes.seconds)
    ratio, felt = _weighed(sizes, work, other, usual=usual)
    if max(ratio, 1 / ratio) < LEAST_MORE_WORK:
        return not_told(f"{other.name}: by the roofline nearly the same work")
    if felt < LEAST_FELT:
        return not_told(f"{other.name}: the difference is {felt:.1%} of a call, too little to be felt")
    workload = sizes.family.workload(sizes.engine, other.inputs, other.spec, sizes.folder)
    tries = max(1, min(MOST_TRIES, int(SHARE * sum(sizes.seconds) / (usual * ratio))))
    try:
        if not other.more_passes and (ratio < 1 or tries > 1):
            workload.call()  # the first one with its shapes may be slow
        others = [_timed(workload.call) for _ in range(tries)]
    except (RuntimeError, ValueError) as error:
        return not_told(f"{other.name}: the runtime takes no other size ({type(error).__name__})")
    found = _grown(other, ratio, usual=usual, other=min(others), calls=tries)
    if found.time < 1 + LEAST_GROWTH * (found.work - 1):
        pairs = [(_timed(sizes.call), _timed(workload.call)) for _ in range(PAIRS)]
        usual, least = (min(column) for column in zip(*pairs, strict=True))
        found = _grown(other, ratio, usual=usual, other=least, calls=PAIRS)
    return found


def _weighed(sizes: Sizes, work: Work, other: Other, *, usual: float) -> tuple[float, float]:
    """Give the other size's work in works of this one, and the share of a call that the difference needs at least."""

    def floor(each: Work, spec: JobSpec) -> float:
        found = position(each, sizes.roof, precision=spec.precision, seconds=usual, new_tokens=spec.new_tokens)
        return found.floor

    this, that = floor(work, sizes.spec), floor(other.work, other.spec)
    return that / this, abs(that - this) / usual


def _grown(compared: Other, ratio: float, *, usual: float, other: float, calls: int) -> Growth:
    larger, smaller = (other, usual) if ratio > 1 else (usual, other)
    return Growth(compared.name, work=max(ratio, 1 / ratio), time=larger / smaller, calls=calls)


def not_told(why: str) -> Growth:
    """Say why growth cannot be judged."""
    return Growth("", work=1.0, time=1.0, calls=0, missing=why)


def _timed(call: Callable[[], object]) -> float:
    began = clock()
    call()
    return (clock() - began) / SECOND


def _is_text(array: Any, length: int) -> bool:
    return bool(array.ndim == 2 and array.shape[1] == length)


def _share(now: Spent, then: Spent, *, wall: float) -> float:
    ran, waited = now.ran - then.ran, now.waited - then.waited
    free = max(wall - waited, ran)
    return ran / free if free > 0 else 0.0


def _spent() -> dict[str, Spent]:
    """Give what each thread of this process spent; what all ran, where the kernel does not tell of waiting."""
    if not WHOLE.exists():
        return {"all": Spent(time.process_time(), 0.0)}
    return {task.name: _schedule(task) for task in TASKS.iterdir()}


def _schedule(task: Path) -> Spent:
    """Give the times of one thread; none for one that has just ended."""
    try:
        ran, waited, _ = (task / "schedstat").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return NOTHING
    return Spent(int(ran) / SECOND, int(waited) / SECOND)
