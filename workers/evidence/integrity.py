"""Whether the farm's own means of judging are what they were before the implementation was loaded: clocks and code.

Out: a look for the layer of plausibility. A program in the same process can reach them all; what is seen here is what
careless or simple tampering leaves behind.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import CLOCK_MONOTONIC_RAW, clock_gettime_ns
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from workers.evidence.plausibility import Look
from workers.evidence.thresholds import CLOCK_TICK, CLOCKS_DIFFER
from workers.measure.clock import clock


class Clocks(NamedTuple):
    """Seconds of one stretch by the farm's clock and by the raw one that the kernel keeps beside it."""

    ours: float
    kernel: float


#: Beside the workers' own modules: what they tell time by, draw lots with, and compare figures and arrays with.
GUARDED: Final = (
    *("builtins", "gc", "math", "random", "secrets", "statistics", "time"),
    *("numpy", "numpy.linalg", "scipy.spatial.distance"),
)
#: Where the interpreter keeps whom it calls at every line or call of a program: at those of the farm too.
LOOKERS_ON: Final[Mapping[str, Callable[[], object]]] = {
    "sys.settrace": sys.gettrace,
    "sys.setprofile": sys.getprofile,
    "threading.settrace": threading.gettrace,
    "threading.setprofile": threading.getprofile,
}
#: The farm's own rooms in this process: where the work is done, and the words that it is told in.
OWN: Final = ("workers", "farm.contract")
#: Where what is judged by stands beside the functions: thresholds, and how they are looked up.
JUDGED_BY: Final = ("workers.evidence", "workers.measure", "workers.hearing", "workers.proving", "workers.standing")
#: What a class has of functions, and of what reads the fields of a record: in its place another could tell otherwise.
OF_CLASSES: Final = frozenset(
    {FunctionType, staticmethod, classmethod, property, MemberDescriptorType, type(Clocks.ours)}
)
SECOND: Final = 1e9  # nanoseconds


class Held(NamedTuple):
    """What a module or one of its classes held by name; identity counts, as objects may say that they equal others."""

    place: str
    owner: Any
    things: Mapping[str, object]
    mutable: Mapping[str, str]  # tables that are judged by, as they were written


class Made(NamedTuple):
    """What a function was made of."""

    place: str
    function: Any  # typed as what it is, the record would seem to have it as its method
    code: object
    defaults: object
    named: Mapping[str, object] | None  # defaults of arguments that have a name only


class Seal(NamedTuple):
    """All that judges or measures, as it was: things by their names, and functions by what they are made of."""

    held: Sequence[Held]
    made: Sequence[Made]
    lookers_on: Mapping[str, object]


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
    held = [each for name in _modules() for each in _held(name, sys.modules[name])]
    functions = {id(made): made for each in held for part in each.things.values() for made in _functions(part)}
    return Seal(held, [_made(function) for function in functions.values()], _lookers_on())


def broken(before: Seal) -> list[str]:
    """Name what is no longer what it was."""
    other = [f"{held.place}.{word}" for held in before.held for word in _changed(held)]
    looking = [name for name, known in before.lookers_on.items() if LOOKERS_ON[name]() is not known]
    return sorted({*other, *looking, *(made.place for made in before.made if not _is_made_of(made))})


def judge(changed: list[str], clocks: Clocks) -> Look:
    """Fail where anything was replaced, or the clocks disagree."""
    figures: dict[str, JsonValue] = {"loop_seconds": clocks.ours, "loop_seconds_by_kernel": clocks.kernel}
    if changed:
        return Look(figures, f"the implementation replaced {', '.join(changed[:3])} of the farm's process")
    if abs(clocks.ours - clocks.kernel) > CLOCK_TICK + CLOCKS_DIFFER * clocks.kernel:
        told = f"the timed loop took {clocks.ours:.3f} s by the farm's clock and {clocks.kernel:.3f} s by the kernel's"
        return Look(figures, told)
    return Look(figures)


def _changed(held: Held) -> list[str]:
    now = vars(held.owner)
    others = [word for word, known in held.things.items() if now.get(word) is not known]
    return others + [word for word, told in held.mutable.items() if repr(now.get(word)) != told]


def _is_made_of(made: Made) -> bool:
    function, named = made.function, made.function.__kwdefaults__
    if function.__code__ is not made.code or function.__defaults__ is not made.defaults:
        return False
    if made.named is None or named is None:
        return made.named is named
    return all(named.get(word) is known for word, known in made.named.items())


def _modules() -> list[str]:
    return [name for name in [*sys.modules] if name in GUARDED or _within(name, OWN)]


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def _held(name: str, module: ModuleType) -> Iterator[Held]:
    own, judged_by = _within(name, OWN), _within(name, JUDGED_BY)
    found = {word: each for word, each in vars(module).items() if not word.startswith("__")}
    things = found if judged_by else {word: each for word, each in found.items() if callable(each)}
    tables = {word: repr(each) for word, each in found.items() if isinstance(each, dict)} if judged_by else {}
    yield Held(name, module, things, tables)
    for each in [*found.values()] if own else []:
        if isinstance(each, type) and each.__module__ == name:
            of_class = {word: part for word, part in vars(each).items() if type(part) in OF_CLASSES}
            yield Held(f"{name}.{each.__name__}", each, of_class, {})


def _made(function: FunctionType) -> Made:
    place, named = f"{function.__module__}.{function.__qualname__}", function.__kwdefaults__
    kept = None if named is None else {**named}
    return Made(place, function, function.__code__, function.__defaults__, kept)


def _lookers_on() -> dict[str, object]:
    return {name: known() for name, known in LOOKERS_ON.items()}


def _functions(part: object) -> Iterator[FunctionType]:
    """Give the function that a part is, those of a table, and those that a function was made around."""
    if type(part) in (staticmethod, classmethod):
        part = getattr(part, "__func__", None)
    elif type(part) is property:
        part = part.fget
    for each in part.values() if type(part) is dict else (part,):
        if isinstance(each, FunctionType):
            yield each
            yield from (cell.cell_contents for cell in each.__closure__ or () if _is_function(cell))


def _is_function(cell: CellType) -> bool:
    try:
        return isinstance(cell.cell_contents, FunctionType)
    except ValueError:  # nothing was put into it
        return False
