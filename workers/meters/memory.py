"""Memory of the process: what it held before the model, its peak, and what is its alone."""

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import psutil

RESET_PEAK: Final = "5"  # clear_refs(5) sets the peak resident set back to the present one (man 5 proc)


class Before(NamedTuple):
    """Resident and unique bytes before the model was loaded."""

    resident: int
    unique: int


def begin() -> Before:
    """Look before the model is loaded, and start the peak anew where the system can."""
    # Where the system refuses, the peak includes the imports; growth is counted from the resident set all the same.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    found = psutil.Process().memory_full_info()
    return Before(found.rss, found.uss)


def end(before: Before) -> dict[str, list[float]]:
    """Give peak and growth in bytes."""
    found = psutil.Process().memory_full_info()
    peak = max(_peak(), found.rss)
    return {
        "memory_peak": [float(peak)],
        "memory_growth": [float(max(0, peak - before.resident))],
        "memory_unique": [float(max(0, found.uss - before.unique))],
    }


def _peak() -> int:
    """Read the highest resident set in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
