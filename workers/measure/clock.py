"""The one clock of all timed code: monotonic, in integer nanoseconds."""

from time import perf_counter_ns as clock

__all__ = ["clock"]
