"""Whether the farm's own means of judging are what they were before the implementation was loaded: clocks and code.

Out: a look for the layer of plausibility. A program in the same process can reach them all; what is seen here is what
careless or simple tampering leaves behind.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from time import CLOCK_MONOTONIC_RAW, clock_gettime_ns
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import CLOCK_TICK, CLOCKS_DIFFER
from workers.measure.clock import clock


class Words(str):
    """A value, as it is written."""

    __slots__ = ()


class Clocks(NamedTuple):
    """Seconds of one stretch by the farm's clock and by the raw one that the kernel keeps beside it."""

    ours: float
    kernel: float


#: Beside the workers' own modules: what they tell time by, draw lots with, and compare arrays with.
GUARDED: Final = ("time", "gc", "random", "secrets", "numpy", "numpy.linalg", "scipy.spatial.distance")
#: The farm's own rooms in this process: where the work is done, and the words that it is told in.
OWN: Final = ("workers", "farm.contract")
#: Where what is judged by stands beside the functions: thresholds, and how they are looked up.
JUDGED_BY: Final = ("workers.evidence", "workers.measure", "workers.proving", "workers.standing")
#: What a class has of functions, and of what reads the fields of a record: in its place another could tell otherwise.
OF_CLASSES: Final = (FunctionType, staticmethod, classmethod, property, MemberDescriptorType, type(Clocks.ours))
PLAIN: Final = (int, float, str, tuple, Mapping)
SECOND: Final = 1e9  # nanoseconds

#: A place in a module: the module, a name in it, and one in that where it is a class.
Place = tuple[str, ...]


class Seal(NamedTuple):
    """What each place held, by the identity of the objects it is made of; and these objects, so that they stay."""

    notes: Mapping[Place, tuple[int | str, ...]]
    held: Sequence[tuple[object, ...]]


class Stretch:
    """A stretch of time on both clocks."""

    def __init__(self) -> None:
        """Begin."""
        self._ours, self._kernel = clock(), clock_gettime_ns(CLOCK_MONOTONIC_RAW)

    def clocks(self) -> Clocks:
        """End."""
        return Clocks((clock() - self._ours) / SECOND, (clock_gettime_ns(CLOCK_MONOTONIC_RAW) - self._kernel) / SECOND)


def seal() -> Seal:
    """Note all that judges or measures: functions, those of classes included, what each is made of, and thresholds."""
    found = [each for name in _modules() for each in _parts(name, sys.modules[name])]
    return Seal({place: _noted(parts) for place, parts in found}, [parts for _, parts in found])


def broken(before: Seal) -> list[str]:
    """Name what is no longer what it was."""
    now = seal().notes
    return sorted(".".join(place) for place, known in before.notes.items() if now.get(place) != known)


def judge(changed: list[str], clocks: Clocks) -> Look:
    """Fail where anything was replaced, or the clocks disagree."""
    figures: dict[str, JsonValue] = {"loop_seconds": clocks.ours, "loop_seconds_by_kernel": clocks.kernel}
    if changed:
        return Look(figures, f"the implementation replaced {', '.join(changed[:3])} of the farm's process")
    if abs(clocks.ours - clocks.kernel) > CLOCK_TICK + CLOCKS_DIFFER * clocks.kernel:
        told = f"the timed loop took {clocks.ours:.3f} s by the farm's clock and {clocks.kernel:.3f} s by the kernel's"
        return Look(figures, told)
    return Look(figures)


def _noted(parts: tuple[object, ...]) -> tuple[int | str, ...]:
    """Note objects by their identity, as they might say of themselves that they equal others; values by their words."""
    return tuple([part if type(part) is Words else id(part) for part in parts])


def _modules() -> list[str]:
    return [name for name in sys.modules if name in GUARDED or _within(name, OWN)]


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def _parts(name: str, module: ModuleType) -> Iterator[tuple[Place, tuple[object, ...]]]:
    own, judged_by = _within(name, OWN), _within(name, JUDGED_BY)
    for word, found in [*vars(module).items()]:
        if isinstance(found, type) and found.__module__ == name and own:
            for method, part in [*vars(found).items()]:
                if type(part) in OF_CLASSES:
                    yield (name, word, method), _made_of(part)
        elif isinstance(found, FunctionType):
            yield (name, word), _made_of(found)
        elif callable(found):
            yield (name, word), (found,)
        elif judged_by and isinstance(found, PLAIN) and not word.startswith("__"):
            yield (name, word), (Words(repr(found)),)


def _made_of(part: Any) -> tuple[object, ...]:
    """Give what a function is made of, or one that a class holds in its own way; else the thing itself."""
    if isinstance(part, FunctionType):
        given = (*(part.__defaults__ or ()), *(part.__kwdefaults__ or {}).values())
        return (part.__code__, *given)
    if isinstance(part, staticmethod | classmethod):
        return _made_of(part.__func__)
    if isinstance(part, property):
        return _made_of(part.fget)
    return (part,)
