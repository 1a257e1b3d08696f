"""The memory of this process: what it holds, and the highest it held since it was asked to look anew."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

RESET_PEAK: Final = "5"  # clear_refs(5) sets the peak resident set back to the present one (man 5 proc)


def renew_peak() -> None:
    """Start the peak anew. Where the system refuses, it includes what was before."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(RESET_PEAK)


def peak() -> int:
    """Read the highest resident set in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


class Footprint:
    """How far the process grows beyond what it held when this was made."""

    def __init__(self) -> None:
        """Take what it holds now, before the model is loaded."""
        self._before = psutil.Process().memory_info().rss

    def growth(self) -> float:
        """Give the growth to the highest since the last time this was asked, and look anew from here."""
        highest = max(peak(), psutil.Process().memory_info().rss)
        renew_peak()
        return float(max(0, highest - self._before))
