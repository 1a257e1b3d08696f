"""Scenario server (MLPerf's word): queries arrive at random at a rate and wait for the one server, in turn.

The rate is given, or the highest one that holds a percentile of the latency within a bound is searched.
"""

import time
from collections.abc import Sequence
from math import ceil
from typing import Final

import numpy as np
from pydantic import JsonValue

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.job import JobSpec, Measure
from farm.contract.scenario import Server
from workers.measure import rate_search, steadiness
from workers.measure.arrivals import arrivals
from workers.measure.interval import relative_half_width
from workers.measure.outputs import Others
from workers.measure.rate_search import RateSearch, Step, highest_rate, planned
from workers.measure.sampling import LOOK_AFTER, SECOND, durations, sample
from workers.measure.serving import Served, serve
from workers.scenario import LOOP_TIME, Found, Timed, Told, Trial
from workers.workload import Workload

#: Seconds of calls due per second beyond which an overload is certain after the least number of calls.
CERTAIN: Final = 1.2
#: Share of the time for a search that one of its steps may take.
STEP: Final = 0.25
#: Share of the capacity at which queries are served where no rate holds: an idle server, to show how long one takes.
IDLE: Final = 0.1
#: Keeps the arrivals of a search and those of the run after it apart: else the run would repeat the lucky draw.
OTHER: Final = 1_000_003


def search(trial: Trial) -> Found | None:
    """Find the highest rate that holds the bound; None where the rate is given."""
    asked, how = _asked(trial.spec), trial.spec.measure
    if not isinstance(asked.rate, str):
        return None
    began = time.monotonic()
    until = began + how.max_seconds
    alone = durations(sample(trial.workload, _quick(how)).calls)
    capacity = 1 / float(np.mean(alone))
    if float(np.median(alone)) > (asked.latency_bound or 0.0):
        looked = RateSearch(None, capacity, (), rate_search.ALONE)
    else:
        looked = highest_rate(lambda rate: _step(trial, rate), capacity, out_of_time=lambda: time.monotonic() >= until)
    rate = looked.highest or IDLE * capacity
    unknown = looked.highest is None and looked.ended == rate_search.NO_TIME
    highest = {"highest_rate": [] if unknown else [looked.highest or 0.0]}
    settled = trial.spec.model_copy(update={"server": asked.model_copy(update={"rate": rate})})
    told = Told(highest, facts={"rate_search": _facts(looked, capacity)})
    seconds = time.monotonic() - began
    return Found(settled, told, seconds, lambda told: (*_unfinished(looked), *_missed(told, asked, looked)))


def measure(workload: Workload, spec: JobSpec, *, others: Others, seed: int) -> Timed:
    """Serve queries at the job's rate until the median of the latency is known."""
    rate, how = _rate(spec), spec.measure
    served = serve(workload, arrivals(rate, seed=seed), _Enough(spec), others=others, limit=how.max_seconds)
    return Timed(
        served.calls,
        served.kept,
        served.asked,
        served.beside,
        lambda: _told(served, spec),
        idle=served.idle / SECOND,
        spun=served.spun / SECOND,
    )


class _Enough:
    """Ends a run when the median is known well and the percentile is supported, or when an overload is certain."""

    def __init__(self, spec: JobSpec) -> None:
        asked, self._how = _asked(spec), spec.measure
        self._rate = _rate(spec)
        beyond = planned(asked.percentile) if asked.latency_bound else ceil(100 / (100 - asked.percentile))
        self._look_at = max(self._how.min_iterations, beyond, ceil(self._rate * self._how.min_seconds))
        self._calls, self._busy = 0, 0.0

    def over(self, latency: float, service: float) -> bool:
        """Count a query."""
        del latency
        self._calls += 1
        self._busy += service
        certain = self._rate * self._busy > CERTAIN * self._calls
        return self._calls >= self._how.max_iterations or (certain and self._calls >= self._how.min_iterations)

    def known(self, latencies: Sequence[float]) -> bool:
        """Look at the interval each time there are a quarter more queries."""
        if len(latencies) < self._look_at:
            return False
        self._look_at = int(len(latencies) * LOOK_AFTER) + 1
        return relative_half_width(latencies) <= self._how.rel_precision


def _step(trial: Trial, rate: float) -> Step:
    """Serve at one rate until it is known whether it holds. Every step has the same arrivals on a stretched clock."""
    asked = _asked(trial.spec)
    watched = rate_search.Trial(bound=asked.latency_bound or 0.0, percentile=asked.percentile, rate=rate)
    due = arrivals(rate, seed=trial.seed + OTHER)
    served = serve(trial.workload, due, watched, limit=STEP * trial.spec.measure.max_seconds)
    steady = watched.supported() and served.load(rate) < 1
    return Step(
        rate=rate,
        holds=watched.holds(),
        queries=watched.queries,
        late=watched.late,
        served=served.achieved(),
        percentile=float(np.percentile(served.latencies(), asked.percentile)) if steady else None,
        ended=watched.ended,
    )


def _told(served: Served, spec: JobSpec) -> Told:
    """Say what the run showed; latencies of an overloaded one grow with its length and mean nothing."""
    rate, offered = _rate(spec), served.offered()
    load = served.load(rate)
    readings = {
        "service_time": durations(served.calls),
        "achieved_rate": [served.achieved()],
        "offered_rate": [] if offered is None else [offered],
        LOOP_TIME: [served.elapsed()],
    }
    facts: dict[str, JsonValue] = {"rate": rate, "load": load, "late_start_seconds": _late(served.late_starts())}
    if load >= 1:
        told: dict[str, JsonValue] = {
            "rate": rate,
            "served": served.achieved(),
            "left": served.left,
            "longest_wait": max(served.queueing()),
        }
        return Told(readings, (_overload(served, rate=rate, load=load),), facts | {"overloaded": told})
    latencies = served.latencies()
    readings |= {"server_latency": latencies, "queueing_time": served.queueing()}
    # Calls after a pause are slower than those in a row: of the shapes of their times only a trend is doubted.
    trends = (doubt for doubt in steadiness.doubts(durations(served.calls)) if doubt.kind == DoubtKind.DRIFTING)
    return Told(readings, (*_doubts(latencies, spec), *trends), facts | _within(latencies, spec))


def _overload(served: Served, *, rate: float, load: float) -> Doubt:
    queue = f"the queue was still growing, {served.left} waited" if served.left else "the queue would grow for ever"
    detail = f"{rate:.3g} queries per second were offered and {served.achieved():.3g} served; {queue}"
    return Doubt(kind=DoubtKind.OVERLOADED, figure=load, detail=detail)


def _doubts(latencies: Sequence[float], spec: JobSpec) -> tuple[Doubt, ...]:
    asked, how, found = _asked(spec), spec.measure, []
    least = max(how.min_iterations, ceil(100 / (100 - asked.percentile)) if asked.latency_bound else 0)
    if len(latencies) < least:
        detail = f"{len(latencies)} of at least {least} queries arrived within {how.max_seconds:g} s"
        found.append(Doubt(kind=DoubtKind.TOO_FEW_SAMPLES, figure=len(latencies), detail=detail))
    width = relative_half_width(latencies)
    if width > how.rel_precision:
        shown = min(width, 1.0)
        detail = f"the median under load is known to ±{shown:.1%}, not to ±{how.rel_precision:.1%}"
        found.append(Doubt(kind=DoubtKind.IMPRECISE, figure=shown, detail=detail))
    return tuple(found)


def _unfinished(looked: RateSearch) -> tuple[Doubt, ...]:
    """Doubt a highest rate that the search had no time to narrow down."""
    if not looked.unsure():
        return ()
    detail = f"the search ended by its time: the highest rate is from {looked.highest or 0:.3g} to {looked.above:.3g}/s"
    return (Doubt(kind=DoubtKind.IMPRECISE, figure=looked.unsure(), detail=detail),)


def _missed(told: Told, asked: Server, looked: RateSearch) -> tuple[Doubt, ...]:
    """Hold the run at the highest rate to the bound; where no rate holds, it need not."""
    latencies = np.asarray(told.readings.get("server_latency", []))
    late = float(np.mean(latencies > asked.latency_bound)) if len(latencies) else 0.0
    allowed = 1 - asked.percentile / 100
    if looked.highest is None or late <= allowed + rate_search.ROUNDING:
        return ()
    detail = f"{late:.2%} of the queries took longer than {asked.latency_bound:g} s, {allowed:.2%} may"
    return (Doubt(kind=DoubtKind.BOUND_MISSED, figure=late, detail=detail),)


def _within(latencies: Sequence[float], spec: JobSpec) -> dict[str, JsonValue]:
    bound = _asked(spec).latency_bound
    return {} if bound is None else {"within_bound": float(np.mean(np.asarray(latencies) <= bound))}


def _late(seconds: Sequence[float]) -> JsonValue:
    """Say how exactly calls began that nothing held up."""
    return {"median": float(np.median(seconds)), "greatest": max(seconds), "n": len(seconds)} if seconds else None


def _facts(looked: RateSearch, capacity: float) -> dict[str, JsonValue]:
    steps: list[JsonValue] = [step._asdict() for step in looked.steps]
    return {"highest": looked.highest, "ended": looked.ended, "calls_per_second_alone": capacity, "steps": steps}


def _quick(how: Measure) -> Measure:
    """Say how the capacity is measured: a mean of some calls back to back."""
    return how.model_copy(update={"min_seconds": 0.0, "max_seconds": STEP * how.max_seconds})


def _asked(spec: JobSpec) -> Server:
    if spec.server is None:
        raise ValueError("a job of the scenario server has a rate of arrivals")
    return spec.server


def _rate(spec: JobSpec) -> float:
    rate = _asked(spec).rate
    if isinstance(rate, str):
        raise ValueError("the rate is searched before it is measured")
    return rate
