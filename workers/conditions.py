"""How the box was while we measured: load, steal, foreign work and free memory; and the doubts that follow."""

import time
from typing import Final, NamedTuple

import psutil
from pydantic import JsonValue

from farm.contract.doubts import Doubt, DoubtKind

NOISY_SHARE: Final = 0.05  # of all CPU time; a kernel's and a monitor's own work stays well below
SHORTEST: Final = 0.2  # seconds; the kernel counts CPU time in hundredths, too coarse for less
LEAST_FREE: Final = 0.05  # share of memory; below it the system reclaims pages while we measure


class Snapshot(NamedTuple):
    """CPU seconds since boot, of the whole box and of the child's group, and free memory in bytes, at one moment."""

    at: float
    busy: float
    steal: float
    ours: float
    load: float
    free: int


def snapshot(pid: int) -> Snapshot:
    """Look at the box and at the process `pid` with its children."""
    times = psutil.cpu_times()
    steal = float(getattr(times, "steal", 0.0))
    waiting = float(times.idle) + float(getattr(times, "iowait", 0.0))
    guest = float(getattr(times, "guest", 0.0)) + float(getattr(times, "guest_nice", 0.0))  # counted in user too
    return Snapshot(
        at=time.monotonic(),
        busy=sum(times) - waiting - steal - guest,
        steal=steal,
        ours=_cpu_seconds(pid),
        load=psutil.getloadavg()[0],
        free=psutil.virtual_memory().available,
    )


def compare(before: Snapshot, after: Snapshot) -> tuple[dict[str, JsonValue], tuple[Doubt, ...]]:
    """Give what happened between two moments, and the doubts that follow from it."""
    wall = after.at - before.at
    conditions: dict[str, JsonValue] = {
        "wall_seconds": wall,
        "load_before": before.load,
        "load_after": after.load,
        "free_memory_bytes": min(before.free, after.free),
    }
    doubts: list[Doubt] = []
    if wall >= SHORTEST:
        foreign = max(0.0, (after.busy - before.busy) - (after.ours - before.ours)) / wall
        steal = max(0.0, after.steal - before.steal) / wall
        conditions |= {"foreign_cores": foreign, "stolen_cores": steal}
        if foreign + steal > NOISY_SHARE * (psutil.cpu_count() or 1):
            detail = f"other processes used {foreign:.2f} cores and the hypervisor took {steal:.2f}"
            doubts.append(Doubt(kind=DoubtKind.NOISY_HOST, figure=foreign + steal, detail=detail))
    share = min(before.free, after.free) / psutil.virtual_memory().total
    if share < LEAST_FREE:
        detail = f"only {share:.1%} of the memory was free"
        doubts.append(Doubt(kind=DoubtKind.LOW_MEMORY, figure=share, detail=detail))
    return conditions, tuple(doubts)


def _cpu_seconds(pid: int) -> float:
    """Sum the CPU seconds of a process and its living children; 0 once it is gone."""
    total = 0.0
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
    except psutil.NoSuchProcess:
        return total
    return total
