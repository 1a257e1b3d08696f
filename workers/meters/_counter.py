"""What RAPL and NVML have in common: a counter of energy that is read twice, or the reason why there is none."""

from typing import Protocol


class NoEnergy(Exception):
    """Raised where the machine does not tell its energy; the text is the reason, for people."""


class Counter(Protocol):
    """Counts energy."""

    source: str  # what counts, for people

    def begin(self) -> None:
        """Read it for the first time. Raises: NoEnergy."""

    def end(self) -> float:
        """Read it again; give the joules since `begin`. Raises: NoEnergy."""
