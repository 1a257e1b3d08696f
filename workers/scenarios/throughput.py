"""Scenario throughput (MLPerf: offline): batches back to back; the batch size that serves best may be searched."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Final

from pydantic import JsonValue

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import JobFailure, OutOfMemory, Unsupported
from farm.contract.job import JobSpec, Measure
from farm.contract.machine import GIB
from workers.measure.batch_search import NO_TIME, OUT_OF_MEMORY, REFUSED, BatchSearch, Search, Try
from workers.measure.outputs import Others
from workers.measure.sampling import SECOND, durations, sample
from workers.measure.warmup import warm_up
from workers.scenario import LOOP_TIME, Found, Timed, Told, Trial
from workers.scenarios.latency import speeds
from workers.workload import Call, Workload

#: How long one size is tried, at most: it must only be told from its double.
LEAST_CALLS: Final = 6  # from which on a median has an interval
LEAST_SECONDS: Final = 0.2
MOST_SECONDS: Final = 2.0
WARM_SECONDS: Final = 1.0


def search(trial: Trial) -> Found | None:
    """Find the batch size with the most items per second within the limit of memory.

    Raises: OutOfMemory where even the least size does not fit.
    """
    asked = trial.spec.throughput
    if asked is None:
        return None
    least, most = asked.search_batch_size or (trial.spec.batch_size, trial.spec.batch_size)
    began = time.monotonic()
    until = began + trial.spec.measure.max_seconds
    looked = Search(
        lambda size: _try(trial, size), limit=trial.memory_limit, out_of_time=lambda: time.monotonic() >= until
    ).run(least, most)
    if looked.best is None:
        raise _nothing(looked.tried[0], trial.memory_limit)
    settled = trial.spec.model_copy(update={"batch_size": looked.best.batch_size, "throughput": None})
    told = Told({}, facts={"batch_search": _facts(looked, trial)})
    return Found(settled, told, time.monotonic() - began, lambda _: _unfinished(looked, most))


def measure(workload: Workload, spec: JobSpec, *, others: Others, seed: int) -> Timed:
    """Time batches until the median is known."""
    del seed  # nothing is drawn
    sampled = sample(workload, spec.measure, others=others)
    return Timed(
        sampled.calls,
        sampled.kept,
        sampled.asked,
        sampled.beside,
        lambda: Told(_readings(sampled.calls, spec), sampled.doubts),
    )


def _readings(calls: Sequence[Call], spec: JobSpec) -> dict[str, list[float]]:
    wall = (calls[-1].end - calls[0].start) / SECOND
    sustained = len(calls) * spec.batch_size / wall
    return {**speeds(calls, spec.batch_size), "sustained_throughput": [sustained], LOOP_TIME: [wall]}


def _unfinished(looked: BatchSearch, most: int) -> tuple[Doubt, ...]:
    """Doubt a best size beyond which there was no time to look."""
    largest = max(one.batch_size for one in looked.tried)
    if looked.ended != NO_TIME or largest == most:
        return ()
    detail = f"the search ended by its time at batch size {largest}; one up to {most} may give more items per second"
    return (Doubt(kind=DoubtKind.IMPRECISE, figure=1 - largest / most, detail=detail),)


def _try(trial: Trial, size: int) -> Try:
    """Time a few calls of one size; what memory or the runtime refuses is told, not raised."""
    how = trial.spec.measure
    quick = Measure(
        min_iterations=min(LEAST_CALLS, how.max_iterations),
        max_iterations=how.max_iterations,
        min_seconds=min(LEAST_SECONDS, how.max_seconds),
        max_seconds=min(MOST_SECONDS, how.max_seconds),
        rel_precision=how.rel_precision,
    )
    trial.memory()
    try:
        workload = trial.with_batch(size)
        warm_up(workload.call, seconds=min(WARM_SECONDS, how.warmup_seconds))
        calls = sample(workload, quick).calls
    except (OutOfMemory, MemoryError) as error:
        return Try(size, None, None, OUT_OF_MEMORY, _line(error))
    except (RuntimeError, ValueError) as error:  # what a graph of fixed size says to another one
        return Try(size, None, None, OUT_OF_MEMORY if "memory" in str(error) else REFUSED, _line(error))
    return Try(size, size / median(durations(calls)), trial.memory())


def _nothing(first: Try, limit: float | None) -> JobFailure:
    """Say why not even the least size can be had."""
    said = f"batch size {first.batch_size}: {first.refused}"
    if first.refused == REFUSED:
        return Unsupported(f"{said}: {first.detail}")
    bound = "" if limit is None else f" (limit: {limit / GIB:.3g} GiB)"
    return OutOfMemory(f"{said}: {first.detail}{bound}")


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _facts(looked: BatchSearch, trial: Trial) -> dict[str, JsonValue]:
    tried: list[JsonValue] = [
        {
            "batch_size": one.batch_size,
            "items_per_second": one.rate,
            "memory_bytes": one.memory,
            **({"refused": one.refused, "detail": one.detail} if one.refused else {}),
        }
        for one in looked.tried
    ]
    asked = trial.spec.throughput
    return {
        "best": looked.best.batch_size if looked.best else None,
        "ended": looked.ended,
        "memory_limit_bytes": trial.memory_limit,
        "memory_limit_of": "the sweep" if asked and asked.memory_bytes else "the free memory",
        "tried": tried,
    }
