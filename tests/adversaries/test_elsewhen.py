"""Work at another time or place than the one that counts: put off, done ahead, after many calls, by somebody else."""

import gc
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack as eyes

from farm.contract.evidence import Layer
from farm.contract.job import Measure
from farm.contract.scenario import Server
from tests.adversaries.door import Cheat, Door
from tests.adversaries.test_memory import PerObject
from workers.engine import LoadRequest

pytestmark = pytest.mark.models

LONG = Measure(min_iterations=9, max_iterations=80, min_seconds=5, max_seconds=10, warmup_seconds=0)
SERVED = Measure(min_iterations=9, max_iterations=40, min_seconds=0, max_seconds=5, warmup_seconds=0)


class Promise:
    """An array that is computed when somebody looks at it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __array__(self, *given: object, **more: object) -> Any:
        return self.make()


class PutsOff(Cheat):
    """Hands out promises; the work is done when the answer is read."""

    def forward(self, placed: Any) -> Any:
        return dict.fromkeys(self.request.gives, placed)

    def arrays(self, raw: Any) -> Any:
        def kept(name: str, placed: Any) -> Promise:
            return Promise(lambda: self.engine.arrays(self.engine.forward(placed))[name])

        return {name: kept(name, placed) for name, placed in raw.items()}


class PutsOffUnlessWatched(PutsOff):
    """Works at once while its operations are looked at."""

    def arrays(self, raw: Any) -> Any:
        made = super().arrays(raw)
        return {name: np.asarray(promise) for name, promise in made.items()} if eyes() else made


class FillsInLater(Cheat):
    """Hands out empty arrays at once, and fills them in a little later."""

    def forward(self, placed: Any) -> Any:
        return self.engine.forward(placed)

    def arrays(self, raw: Any) -> Any:
        true = self.engine.arrays(raw)
        empty = {name: np.zeros_like(array) for name, array in true.items()}

        def fill() -> None:
            for name, array in empty.items():
                array[:] = true[name]

        threading.Timer(0.05, fill).start()
        return empty


class InAThread(Cheat):
    """Has the work done by a thread of its own."""

    def forward(self, placed: Any) -> Any:
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(self.engine.forward(placed)))
        thread.start()
        thread.join()
        return found[0]


class Ahead(Cheat):
    """Answers the last query again while it waits for the next, in case it is the same."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.pool = ThreadPoolExecutor(1)
        self.known: Any = None
        self.ready: Future[Any] | None = None

    def forward(self, placed: Any) -> Any:
        answer = None if self.ready is None else self.ready.result()
        found = answer if self.known is placed else self.engine.forward(placed)
        self.known, self.ready = placed, self.pool.submit(self.engine.forward, placed)
        return found


class ByCaller(PerObject):
    """Remembers while it is called by the timed loop, which it knows by the names of its callers."""

    def forward(self, placed: Any) -> Any:
        frame, callers = sys._getframe(1), []
        while frame.f_back is not None:
            callers.append(frame.f_code.co_name)
            frame = frame.f_back
        return super().forward(placed) if "sample" in callers else self.engine.forward(placed)


class AfterManyCalls(PerObject):
    """Works for so long that every early question is over, then remembers, and spins for a third of the usual time."""

    timed = 0
    usual = 1.0

    def forward(self, placed: Any) -> Any:
        if gc.isenabled():
            return self.engine.forward(placed)
        self.timed += 1
        began = time.perf_counter()
        if self.timed <= 10 or not any(known is placed for known, _ in self.kept):
            found = super().forward(placed)
            self.usual = min(self.usual, time.perf_counter() - began)
            return found
        while time.perf_counter() - began < self.usual / 3:
            pass
        return super().forward(placed)


class LessExactUnlessWatched(Cheat):
    """Computes as if in ten bits, well within what agreement allows, and in fp32 while it is looked at."""

    def forward(self, placed: Any) -> Any:
        outputs = self.engine.forward(placed)
        if eyes():
            return outputs
        return {name: outputs[name] * (1 + 3e-4 * torch.cos(outputs[name] * 1e4)) for name in self.request.gives}


def test_work_that_is_put_off_is_done_when_the_answer_is_read(door: Door) -> None:
    found = door.enter(PutsOff, model="clip")
    assert "no runtime was seen at work" in found.reasons[Layer.IDENTITY]
    assert "reading the answer of a call" in found.reasons[Layer.PLAUSIBILITY]


@pytest.mark.parametrize("platform", ["cpu", "openvino"])
def test_putting_off_is_seen_though_it_works_when_watched(platform: str, door: Door) -> None:
    assert "reading the answer" in door.caught(
        PutsOffUnlessWatched, Layer.PLAUSIBILITY, model="clip", platform=platform
    )


def test_an_answer_must_be_there_when_its_call_ends(door: Door) -> None:
    door.caught(FillsInLater, Layer.AGREEMENT, model="clip")


def test_work_of_somebody_else_is_not_seen_and_does_not_count(door: Door) -> None:
    assert "no runtime was seen at work" in door.caught(InAThread, Layer.IDENTITY)


def test_an_answer_that_was_ready_before_its_query_came_is_faster_than_one_to_a_new_query(door: Door) -> None:
    asked: dict[str, Any] = {"scenario": "server", "server": Server(rate=25.0), "measure": SERVED}
    for platform in ("cpu", "openvino"):
        assert "new inputs" in door.caught(Ahead, Layer.PLAUSIBILITY, model="clip", platform=platform, **asked)


def test_who_knows_the_loop_by_its_name_is_caught_within_it(door: Door) -> None:
    assert "new inputs" in door.caught(ByCaller, Layer.PLAUSIBILITY, model="clip")


def test_what_is_remembered_after_many_calls_is_seen_by_late_questions(door: Door) -> None:
    assert "calls with new inputs" in door.caught(AfterManyCalls, Layer.PLAUSIBILITY, model="clip", measure=LONG)


def test_a_lower_precision_than_while_it_was_watched_is_seen(door: Door) -> None:
    found = door.enter(LessExactUnlessWatched, model="clip")
    assert "a call that was looked at gave another output" in found.reasons[Layer.SENSITIVITY]
    assert Layer.AGREEMENT not in found.reasons
