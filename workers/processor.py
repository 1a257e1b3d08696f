"""What the processor is called and which instructions it has: from the kernel in a millisecond, else from a library."""

import importlib
from pathlib import Path
from typing import Final, NamedTuple

UNKNOWN: Final = "unknown"


class Processor(NamedTuple):
    """The first processor of this box; all of them are taken to be alike."""

    model: str
    flags: frozenset[str]


def processor(told: Path = Path("/proc/cpuinfo")) -> Processor:
    """Read it from the kernel; where that leaves something open, ask py-cpuinfo, which takes a second."""
    found = _from_kernel(told)
    if found is not None:
        return found
    info = importlib.import_module("cpuinfo").get_cpu_info()
    model = str(info.get("brand_raw") or info.get("arch_string_raw") or UNKNOWN)
    return Processor(model, frozenset(info.get("flags", ())))


def _from_kernel(told: Path) -> Processor | None:
    """Read the first block of /proc/cpuinfo; None where it has no model or no flags, as on many ARM kernels."""
    try:
        first = told.read_text().split("\n\n", 1)[0]
    except OSError:
        return None
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    model, flags = facts.get("model name"), facts.get("flags") or facts.get("Features")
    return Processor(model, frozenset(flags.split())) if model and flags else None
