"""Keeps a process on a few processors, so that the system moves its threads less."""

import os


def allowed() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin(count: int) -> None:
    """Keep this process, and the threads it starts, on the first `count` of the processors it may use.

    Where the system has no such call (macOS), nothing changes.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
