"""How the box was before, during and after the timed loop, and the doubts that follow.

What takes milliseconds (the table of processes, sensors) is read before the warm-up and after the loop; what is read
as the loop begins and once a second within it takes far less. What the machine does not tell is absent, with the
reason, and never zero.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import psutil
from pydantic import JsonValue

from farm.contract.doubts import Doubt, DoubtKind
from workers import processes, sensors
from workers.processes import Interruptions, Process

NOISY_SHARE: Final = 0.05  # of all CPU time; a kernel's and a monitor's own work stays well below
NOISY_CORES: Final = 0.5  # on any machine: one core that is half taken holds up all threads of a job that wait for it
SHORTEST: Final = 0.2  # seconds; the kernel counts CPU time in hundredths, too coarse for less
LEAST_FREE: Final = 0.05  # share of memory; below it the system reclaims pages while we measure
MOST_STALLED: Final = 0.05  # share of the time in which some task waited for memory
WORTH_NAMING: Final = 0.1  # share of the foreign CPU time; less does not explain it

Conditions = dict[str, JsonValue]


class Survey(NamedTuple):
    """What takes a while to read: all processes, and the sensors."""

    at: float
    processes: dict[int, Process]
    clock: float | None
    temperature: float | None
    throttle_events: int | None


class Look(NamedTuple):
    """What is read quickly. CPU seconds since boot of the box (`busy`, `steal`) and of the child; memory in bytes."""

    at: float
    busy: float
    steal: float
    ours: float
    worker: float
    interruptions: Interruptions | None
    cpu_stalled: float | None
    memory_stalled: float | None
    load: float
    free: int


class Glimpse(NamedTuple):
    """What is read once a second while the loop runs."""

    load: float
    free: int
    clock: float | None


class Snapshot(NamedTuple):
    """One end of the timed loop."""

    pid: int
    survey: Survey
    look: Look


def survey() -> Survey:
    """Read what takes a while."""
    return Survey(
        at=time.monotonic(),
        processes=processes.table(),
        clock=sensors.clock(),
        temperature=sensors.temperature(),
        throttle_events=sensors.throttle_events(),
    )


def look(pid: int) -> Look:
    """Look at the box and at the process `pid` with its descendants."""
    times = psutil.cpu_times()
    steal = float(getattr(times, "steal", 0.0))
    waiting = float(times.idle) + float(getattr(times, "iowait", 0.0))
    guest = float(getattr(times, "guest", 0.0)) + float(getattr(times, "guest_nice", 0.0))  # counted in user too
    return Look(
        at=time.monotonic(),
        busy=sum(times) - waiting - steal - guest,
        steal=steal,
        ours=sum(processes.cpu_seconds(each) for each in processes.descent(pid)),
        worker=time.process_time(),
        interruptions=processes.interruptions(pid),
        cpu_stalled=sensors.stalled("cpu"),
        memory_stalled=sensors.stalled("memory"),
        load=psutil.getloadavg()[0],
        free=psutil.virtual_memory().available,
    )


def glimpse() -> Glimpse:
    """Read what may be read while the loop runs."""
    return Glimpse(psutil.getloadavg()[0], psutil.virtual_memory().available, sensors.clock())


def compare(before: Snapshot, after: Snapshot, during: Sequence[Glimpse] = ()) -> tuple[Conditions, tuple[Doubt, ...]]:
    """Give what happened between the two ends of a timed loop, and the doubts that follow from it."""
    wall = after.look.at - before.look.at
    free = min(before.look.free, after.look.free, *(each.free for each in during))
    found: Conditions = {
        "wall_seconds": wall,
        "load_before": before.look.load,
        "load_during": max((each.load for each in during), default=None),
        "load_after": after.look.load,
        "free_memory_bytes": free,
        "worker_cpu_seconds": after.look.worker - before.look.worker,
        "clock_hertz": _clocks(before.survey, after.survey, during),
        "temperature_celsius": _pair(before.survey.temperature, after.survey.temperature),
        "throttle_events": _grown(before.survey.throttle_events, after.survey.throttle_events),
        "cpu_pressure_share": _share(before.look.cpu_stalled, after.look.cpu_stalled, wall),
        "memory_pressure_share": _share(before.look.memory_stalled, after.look.memory_stalled, wall),
        **_interrupted(before.look.interruptions, after.look.interruptions),
        **_foreign(before, after, wall),
    }
    absent: dict[str, JsonValue] = {
        name: _why_absent(name) for name, value in found.items() if value is None and name != "load_during"
    }
    kept: Conditions = {name: value for name, value in found.items() if value is not None}
    doubts = (*_noise(kept), *_throttling(kept), *_memory(kept))
    return {**kept, "absent": absent}, doubts


def _why_absent(name: str) -> str:
    if name in sensors.ABSENT:
        return sensors.ABSENT[name]
    if name in ("foreign_cores", "stolen_cores"):
        return f"the timed loop was shorter than {SHORTEST:g} s, too short to count CPU time; or the process was gone"
    return "the system does not tell, or the process was gone"


def _clocks(before: Survey, after: Survey, during: Sequence[Glimpse]) -> JsonValue:
    if before.clock is None or after.clock is None:
        return None
    least = min((each.clock for each in during if each.clock is not None), default=None)
    return {"before": before.clock, "during_least": least, "after": after.clock}


def _pair(before: float | None, after: float | None) -> JsonValue:
    return None if before is None or after is None else {"before": before, "after": after}


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _share(before: float | None, after: float | None, wall: float) -> float | None:
    return None if before is None or after is None or wall <= 0 else (after - before) / wall


def _interrupted(before: Interruptions | None, after: Interruptions | None) -> Conditions:
    if before is None or after is None:
        return {"voluntary_switches": None, "involuntary_switches": None}
    return {
        "voluntary_switches": after.voluntary - before.voluntary,
        "involuntary_switches": after.involuntary - before.involuntary,
    }


def _foreign(before: Snapshot, after: Snapshot, wall: float) -> Conditions:
    """Give the cores that others used, and who used most of them."""
    if wall < SHORTEST or before.look.interruptions is None or after.look.interruptions is None:
        return {"foreign_cores": None, "stolen_cores": None}
    ours = after.look.ours - before.look.ours
    cores = max(0.0, (after.look.busy - before.look.busy) - ours) / wall
    return {
        "foreign_cores": cores,
        "stolen_cores": max(0.0, after.look.steal - before.look.steal) / wall,
        "busiest_foreign": _busiest(before, after),
    }


def _busiest(before: Snapshot, after: Snapshot) -> JsonValue:
    """Name the process of another session that used the most CPU between the surveys; None where none is seen."""
    wall = after.survey.at - before.survey.at
    used = {
        pid: process.seconds - (before.survey.processes[pid].seconds if pid in before.survey.processes else 0.0)
        for pid, process in after.survey.processes.items()
        if process.session != after.pid
    }
    if not used or wall <= 0:
        return None
    pid = max(used, key=lambda each: used[each])
    return {"name": after.survey.processes[pid].name, "pid": pid, "cores": used[pid] / wall}


def _noise(found: Conditions) -> tuple[Doubt, ...]:
    foreign, stolen = found.get("foreign_cores"), found.get("stolen_cores")
    if not isinstance(foreign, float) or not isinstance(stolen, float):
        return ()
    taken = foreign + stolen
    if taken <= min(NOISY_CORES, NOISY_SHARE * (psutil.cpu_count() or 1)):
        return ()
    detail = f"other processes used {foreign:.2f} cores and the hypervisor took {stolen:.2f}"
    return (Doubt(kind=DoubtKind.NOISY_HOST, figure=taken, detail=detail + _named(found, foreign)),)


def _named(found: Conditions, foreign: float) -> str:
    match found.get("busiest_foreign"):
        case {"name": str(name), "pid": int(pid), "cores": float(cores)} if cores > WORTH_NAMING * foreign:
            return f"; the busiest was {name} (process {pid}) with {cores:.2f}"
    return ""


def _throttling(found: Conditions) -> tuple[Doubt, ...]:
    events = found.get("throttle_events")
    if not isinstance(events, int) or events <= 0:
        return ()
    detail = f"the processor was throttled for its heat {events} times from warm-up to the end"
    return (Doubt(kind=DoubtKind.THROTTLED, figure=events, detail=detail),)


def _memory(found: Conditions) -> tuple[Doubt, ...]:
    free, stalled = found["free_memory_bytes"], found.get("memory_pressure_share")
    share = free / psutil.virtual_memory().total if isinstance(free, int) else 1.0
    waited = stalled if isinstance(stalled, float) else 0.0
    if share >= LEAST_FREE and waited <= MOST_STALLED:
        return ()
    detail = f"{share:.1%} of the memory was free, and tasks waited for memory in {waited:.1%} of the time"
    return (Doubt(kind=DoubtKind.LOW_MEMORY, figure=share, detail=detail),)
