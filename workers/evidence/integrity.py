"""Whether the farm's own means of judging are what they were before the implementation was loaded: clocks and code.

Out: a look for the layer of plausibility. A program in the same process can reach them all; what is seen here is what
careless or simple tampering leaves behind.
"""

import sys
from collections.abc import Iterator, Mapping
from time import CLOCK_MONOTONIC_RAW, clock_gettime_ns
from types import FunctionType, ModuleType
from typing import Final, NamedTuple

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import CLOCK_TICK, CLOCKS_DIFFER
from workers.measure.clock import clock

#: Beside the workers' own modules: what they tell time by, draw lots with, and compare arrays with.
GUARDED: Final = ("time", "random", "secrets", "numpy", "numpy.linalg", "scipy.spatial.distance")
OWN: Final = "workers"
SECOND: Final = 1e9  # nanoseconds

Seal = Mapping[tuple[str, str], object]


class Clocks(NamedTuple):
    """Seconds of one stretch by the farm's clock and by the raw one that the kernel keeps beside it."""

    ours: float
    kernel: float


class Stretch:
    """A stretch of time on both clocks."""

    def __init__(self) -> None:
        """Begin."""
        self._ours, self._kernel = clock(), clock_gettime_ns(CLOCK_MONOTONIC_RAW)

    def clocks(self) -> Clocks:
        """End."""
        return Clocks((clock() - self._ours) / SECOND, (clock_gettime_ns(CLOCK_MONOTONIC_RAW) - self._kernel) / SECOND)


def seal() -> Seal:
    """Note every function that judges or measures, those of classes included, and what each is made of."""
    return {key: found for name in _modules() for key, found in _callables(name, sys.modules[name])}


def broken(before: Seal) -> list[str]:
    """Name what is no longer what it was."""
    now = seal()
    return sorted(
        f"{module}.{name}" for (module, name), known in before.items() if now.get((module, name)) is not known
    )


def judge(changed: list[str], clocks: Clocks) -> Look:
    """Fail where anything was replaced, or the clocks disagree."""
    figures: dict[str, JsonValue] = {"loop_seconds": clocks.ours, "loop_seconds_by_kernel": clocks.kernel}
    if changed:
        return Look(figures, f"the implementation replaced {', '.join(changed[:3])} of the farm's process")
    if abs(clocks.ours - clocks.kernel) > CLOCK_TICK + CLOCKS_DIFFER * clocks.kernel:
        told = f"the timed loop took {clocks.ours:.3f} s by the farm's clock and {clocks.kernel:.3f} s by the kernel's"
        return Look(figures, told)
    return Look(figures)


def _modules() -> list[str]:
    return [name for name in sys.modules if name in GUARDED or name.split(".")[0] == OWN]


def _callables(name: str, module: ModuleType) -> Iterator[tuple[tuple[str, str], object]]:
    for word, found in [*vars(module).items()]:
        if isinstance(found, type) and found.__module__ == name and name.split(".")[0] == OWN:
            for method, part in [*vars(found).items()]:
                if isinstance(part, FunctionType):
                    yield (name, f"{word}.{method}"), part.__code__
        elif isinstance(found, FunctionType):
            yield (name, word), found.__code__
        elif callable(found):
            yield (name, word), found
