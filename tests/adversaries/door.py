"""The door: a cell is prepared honestly, then a cheat is loaded in the platform's place and measured as any other."""

import gc
import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from farm.contract.evidence import Layer, Verdict
from farm.contract.evidence import Outcome as Judged
from farm.contract.job import Measure
from farm.contract.judge import judge
from farm.contract.machine import PlatformStatus
from farm.contract.result import Outcome
from tests.workers.platforms.cells import Cells
from workers import cell
from workers.engine import LoadRequest, Platform
from workers.evidence.plausibility import Growth, not_told

MEASURE = Measure(min_iterations=9, max_iterations=9, min_seconds=0, max_seconds=10, warmup_seconds=0)

#: Makes an engine of an honest one and the request that it was loaded with.
Make = Callable[[Any, LoadRequest], Any]


class Cheat:
    """An engine that does all that an honest one does, but for what a cheat overrides."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        self.engine = engine
        self.request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


class Cheating:
    """A platform that loads what `make` gives."""

    def __init__(self, honest: Platform, make: Make) -> None:
        self._honest = honest
        self._make = make

    def status(self) -> PlatformStatus:
        return self._honest.status()

    def convert(self, request: LoadRequest) -> float:
        return self._honest.convert(request)

    def ready(self, request: LoadRequest) -> None:
        self._honest.ready(request)

    def load(self, request: LoadRequest) -> Any:
        return self._make(self._honest.load(request), request)


class Found(NamedTuple):
    """What came of it."""

    verdict: Verdict
    reasons: dict[Layer, str]  # why layers failed
    outcome: Outcome


class Door:
    """Lets cheats in, one at a time, and tells what was found."""

    def __init__(self, cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cells = cells
        self._patch = monkeypatch

    def enter(
        self,
        make: Make,
        *,
        platform: str = "cpu",
        model: str = "bert",
        runtime: str = "",
        repeat: int = 0,
        **changes: Any,
    ) -> Found:
        """Measure a cheat that says to be this platform; it is made of an engine of `runtime`, or of the same one."""
        spec = self.cells.spec(platform, model, **({"measure": MEASURE} | changes))
        given = self.cells.assignment(spec)
        module = importlib.import_module(f"workers.platforms.{platform}")
        honest = importlib.import_module(f"workers.platforms.{runtime or platform}").PLATFORM
        self._patch.setattr(module, "DEVICE", "host")
        self._patch.setattr(module, "PLATFORM", honest)
        cell.prepare(given, lambda stage: None)
        self._patch.setattr(module, "PLATFORM", Cheating(honest, make))
        gc.freeze()  # as in a child of the fork server; else collecting pytest's own garbage is the loop's main work
        outcome = cell.measure(given.model_copy(update={"repeat": repeat}), lambda stage: None)
        reasons = {each.layer: each.reason for each in outcome.evidence if each.outcome is Judged.FAIL}
        return Found(judge(outcome.evidence), reasons, outcome)

    def caught(self, make: Make, layer: Layer, **where: Any) -> str:
        """Measure a cheat that this layer must catch; give the layer's reason."""
        found = self.enter(make, **where)
        assert found.verdict is not Verdict.REAL
        assert layer in found.reasons, found.reasons
        return found.reasons[layer]


def no_growth(*given: object) -> Growth:
    """Stand in for the look at growth: tiny models' time hardly follows their work, on a busy machine not at all."""
    return not_told("a tiny model")
