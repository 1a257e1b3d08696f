"""No runtime at all: scripted times and faults, to test the farm itself. Its results are never real."""

import os
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import JsonValue

from farm.contract.machine import GIB, PlatformStatus
from farm.contract.value import Scalar
from workers.engine import Array, Arrays, LoadRequest, Platform

PRECISIONS: Final = ("fp32",)
FAST_PRECISION: Final = "fp32"
TAGS: Final = ("fake",)
START: Final = "fork"
DEVICE: Final = "host"
#: Times in seconds; `noise` and `drift` (per call) relative to `latency`; `bimodal` is the factor of every other call's
#: time, `between` the relative spread of the processes' levels. Chance is the same for the same seed and repeat.
#: `fault` is one of none, raise, segfault, hang, gate, kill, oom, exit; it happens in `fault_stage`, load or measure.
#: A gate is a file that is read to its end, in every call: a named pipe holds the run until it is written and closed.
OPTIONS: Final[dict[str, Scalar]] = {
    "latency": 0.001,
    "noise": 0.0,
    "drift": 0.0,
    "bimodal": 1.0,
    "between": 0.0,
    "load_seconds": 0.0,
    "fault": "none",
    "fault_stage": "measure",
    "gate": "",
}
CHOICES: Final = {
    "fault": ("none", "raise", "segfault", "hang", "gate", "kill", "oom", "exit"),
    "fault_stage": ("load", "measure"),
}
FAMILIES: Final = ("fake",)
HANG: Final = 3600.0  # seconds
LEFT: Final = 2**26  # bytes of address space that an out-of-memory leaves, for telling of it


class FakeEngine:
    """Sleeps as scripted and answers zeros."""

    def __init__(self, options: dict[str, Scalar], *, seed: int) -> None:
        """Take the script."""
        self._options = {**OPTIONS, **options}
        self._dice = random.Random(seed)
        self._level = float(self._options["latency"]) * self._factor("between")
        self._calls = 0

    def place(self, inputs: Arrays) -> Arrays:
        """Leave the inputs where they are."""
        return inputs

    def forward(self, placed: Arrays) -> Arrays:
        """Take the scripted time."""
        self._calls += 1
        _happen(self._options, "measure")
        mode = float(self._options["bimodal"]) if self._calls % 2 else 1.0
        factor = mode * (1 + float(self._options["drift"]) * self._calls)
        time.sleep(self._level * factor * self._factor("noise"))
        return {"output": np.zeros(len(next(iter(placed.values()))), dtype=np.float32)}

    def _factor(self, spread: str) -> float:
        return max(0.0, 1 + self._dice.gauss(0, float(self._options[spread])))

    def arrays(self, raw: Arrays) -> dict[str, Array]:
        """Give the zeros."""
        return dict(raw)

    def parameters(self) -> int:
        """There are none."""
        return 0

    def placement(self) -> dict[str, JsonValue]:
        """Say what it is."""
        return {"runtime": "fake", "classes": ["workers.platforms.fake.FakeEngine"]}

    def device_memory(self) -> dict[str, float]:
        """There is none."""
        return {}


class FakePlatform:
    """The platform that measures nothing."""

    def status(self) -> PlatformStatus:
        """It runs everywhere."""
        return PlatformStatus(platform="fake", available=True, tags=TAGS)

    def convert(self, request: LoadRequest) -> float:
        """There is nothing to convert."""
        del request
        return 0.0

    def ready(self, request: LoadRequest) -> None:
        """There is nothing to import."""
        del request

    def load(self, request: LoadRequest) -> Any:
        """Take the scripted time, or fail as scripted."""
        options: dict[str, Scalar] = {**OPTIONS, **request.options}
        time.sleep(float(options["load_seconds"]))
        _happen(options, "load")
        return FakeEngine(options, seed=request.seed)


def _happen(options: dict[str, Scalar], stage: str) -> None:
    """Let the scripted fault happen, if this is its stage."""
    if options["fault_stage"] != stage:
        return
    match options["fault"]:
        case "raise":
            raise RuntimeError("a fault that the sweep asked for")
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "gate":
            Path(str(options["gate"])).read_bytes()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(HANG)
        case "oom":
            _take_more_than_allowed()
        case "exit":
            os._exit(0)


def _take_more_than_allowed() -> None:
    """Run out of memory: the system refuses more than a limit that is set just above what is used."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + LEFT, most))
    bytearray(GIB)


PLATFORM: Final[Platform] = FakePlatform()
