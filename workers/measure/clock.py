"""The one clock of all timed code: monotonic, in integer nanoseconds."""

from collections.abc import Callable
from time import perf_counter_ns as clock

Clock = Callable[[], int]

__all__ = ["Clock", "clock"]
