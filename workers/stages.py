"""How long each stage of an attempt took, over all of its processes, as their parent hears them say it."""

from farm.contract.states import Stage
from workers.measure.clock import Clock, clock

SECOND = 1e9  # nanoseconds


class Stages:
    """Adds up the seconds of each stage."""

    def __init__(self, now: Clock = clock) -> None:
        """Begin with nothing; `now` reads a clock in nanoseconds."""
        self._now = now
        self._current: Stage | None = None
        self._since = 0
        self._spent: dict[Stage, int] = {}

    def enter(self, stage: Stage | None) -> None:
        """End the stage before, and begin this one; None when a process has ended."""
        at = self._now()
        if self._current is not None:
            self._spent[self._current] = self._spent.get(self._current, 0) + at - self._since
        self._current, self._since = stage, at

    def seconds(self) -> dict[str, float]:
        """Give the seconds of each stage that was gone through."""
        return {stage: nanoseconds / SECOND for stage, nanoseconds in self._spent.items()}
