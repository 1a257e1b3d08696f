"""What processes did, as the kernel tells in /proc: CPU time, session and name of each, and how one was interrupted.

Read plainly and in one pass, because this runs beside what is measured; what is gone or hidden is left out.
"""

import os
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds; the unit of CPU time in /proc

#: Fields of /proc/PID/stat, counted from the state, which follows the name (man 5 proc_pid_stat).
_SESSION: Final = 3
_USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM = 11, 12, 13, 14


class Process(NamedTuple):
    """One process: its name, the session it belongs to, and the CPU seconds it used in its life."""

    name: str
    session: int
    seconds: float


class Interruptions(NamedTuple):
    """How often the threads of a process gave the CPU away, and how often it was taken from them."""

    voluntary: int
    involuntary: int


def table() -> dict[int, Process]:
    """List all processes by their id; empty where the system has no /proc."""
    if not PROC.is_dir():
        return {}
    found = ((int(name), _process(int(name))) for name in os.listdir(PROC) if name.isdecimal())  # noqa: PTH208 - quicker
    return {pid: process for pid, process in found if process is not None}


def cpu_seconds(pid: int | None) -> float:
    """Give the CPU seconds of a process and of the children it waited for; 0 once it is gone."""
    fields = _stat(pid) if pid else None
    if fields is None:
        return 0.0
    _, values = fields
    return sum(int(values[place]) for place in (_USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM)) * TICK


def interruptions(pid: int) -> Interruptions | None:
    """Count the context switches of a process, all its threads together; None once it is gone."""
    voluntary = involuntary = 0
    try:
        for task in os.scandir(PROC / str(pid) / "task"):
            for line in (Path(task) / "status").read_text().splitlines():
                word, _, value = line.partition(":")
                if word == "voluntary_ctxt_switches":
                    voluntary += int(value)
                elif word == "nonvoluntary_ctxt_switches":
                    involuntary += int(value)
    except OSError:
        return None
    return Interruptions(voluntary, involuntary)


def descent(pid: int) -> list[int]:
    """Give a process and its living descendants; only itself where the kernel keeps no lists of children."""
    found = [pid]
    for each in found:  # it grows meanwhile
        try:
            tasks = [*os.scandir(PROC / str(each) / "task")]
            found += [int(child) for task in tasks for child in (Path(task) / "children").read_text().split()]
        except OSError:
            continue
    return found


def threads(pid: int) -> int | None:
    """Count the threads of a process; None once it is gone."""
    try:
        return sum(1 for _ in os.scandir(PROC / str(pid) / "task"))
    except OSError:
        return None


def _process(pid: int) -> Process | None:
    fields = _stat(pid)
    if fields is None:
        return None
    name, values = fields
    return Process(name, int(values[_SESSION]), (int(values[_USER]) + int(values[_SYSTEM])) * TICK)


def _stat(pid: int) -> tuple[str, list[str]] | None:
    """Read the name and the fields after it; the name may hold anything, brackets and spaces too."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    return name, rest.split()
