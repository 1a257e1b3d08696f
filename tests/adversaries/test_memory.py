"""Answers without work: invented, remembered or copied, at once or after a while."""

import gc
import time
from typing import Any

import numpy as np
import pytest
import torch

from farm.contract.evidence import Layer
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest
from workers.reference import FILE

pytestmark = pytest.mark.models

Outputs = dict[str, torch.Tensor]


def invented(outputs: Any, invent: Any) -> Outputs:
    return {name: invent(value) for name, value in outputs.items() if isinstance(value, torch.Tensor)}


class Constant(Cheat):
    """Gives the same vectors whatever it is given."""

    def forward(self, placed: Any) -> Any:
        return invented(self.engine.forward(placed), lambda value: torch.full_like(value, 0.5))


class Nothing(Cheat):
    """Gives what is not a number."""

    def forward(self, placed: Any) -> Any:
        return invented(self.engine.forward(placed), lambda value: torch.full_like(value, float("nan")))


class Chance(Cheat):
    """Gives chance in the right shape."""

    def forward(self, placed: Any) -> Any:
        return invented(self.engine.forward(placed), torch.randn_like)


class RightStatistics(Cheat):
    """Gives the right numbers in a wrong order: their mean, spread and extremes are the true ones."""

    def forward(self, placed: Any) -> Any:
        return invented(self.engine.forward(placed), lambda value: value.roll(7, dims=-1))


class FirstOnly(Cheat):
    """Works once, and gives that answer for ever."""

    kept: Any = None

    def forward(self, placed: Any) -> Any:
        if self.kept is None:
            self.kept = self.engine.forward(placed)
        return self.kept


class PerInput(Cheat):
    """Works once for each input, and remembers the answer."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.kept: dict[bytes, Any] = {}

    def forward(self, placed: Any) -> Any:
        key = b"".join(np.asarray(tensor).tobytes() for tensor in placed.values())
        if key not in self.kept:
            self.kept[key] = self.engine.forward(placed)
        return self.kept[key]


class PerObject(Cheat):
    """Works once for each placed input; whoever places the same again sees it work again."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.kept: list[tuple[Any, Any]] = []

    def forward(self, placed: Any) -> Any:
        for known, answer in self.kept:
            if known is placed:
                return answer
        self.kept.append((placed, self.engine.forward(placed)))
        return self.kept[-1][1]


class MostCalls(PerObject):
    """Remembers in three calls of four."""

    calls = 0

    def forward(self, placed: Any) -> Any:
        self.calls += 1
        return super().forward(placed) if self.calls % 4 else self.engine.forward(placed)


class WhileTimed(PerObject):
    """Remembers within the timed loop only, which it knows by the garbage collector's rest."""

    def forward(self, placed: Any) -> Any:
        return self.engine.forward(placed) if gc.isenabled() else super().forward(placed)


class InventsWhileTimed(Cheat):
    """Works when it is looked at, and invents within the timed loop."""

    kept: Any = None

    def forward(self, placed: Any) -> Any:
        if gc.isenabled() or self.kept is None:
            self.kept = self.engine.forward(placed)
        return self.kept


class Copies(Cheat):
    """Gives the reference's answer, which lies in the cache."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        true = engine.forward(engine.place(request.example))["image_embeds"]
        for path in request.cache_dir.glob(f"reference/*/{FILE}"):
            with np.load(path) as found:
                kept = {name: torch.as_tensor(found[name]) for name in found.files}
            if "image_embeds" in kept and torch.allclose(kept["image_embeds"], true, atol=1e-4):
                self.copied = kept

    def forward(self, placed: Any) -> Any:
        return self.copied


class CopiesOrWorks(Copies):
    """Copies the answers that lie in the cache, and works for all others, so that they are right."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.known = engine.place(request.example)

    def forward(self, placed: Any) -> Any:
        if all(torch.equal(placed[name], tensor) for name, tensor in self.known.items()):
            return super().forward(placed)
        return self.engine.forward(placed)


class HonestOnce(Constant):
    """Works in the first repeat of a job and in no other; a repeat is known by its seed."""

    def forward(self, placed: Any) -> Any:
        return super().forward(placed) if self.request.seed else self.engine.forward(placed)


class Sleeps(Cheat):
    """Answers rightly and sleeps for most of the time."""

    def forward(self, placed: Any) -> Any:
        time.sleep(0.03)
        return self.engine.forward(placed)


class SleepsByInput(Cheat):
    """Sleeps in proportion to the input instead of working."""

    kept: Any = None

    def forward(self, placed: Any) -> Any:
        self.kept = self.engine.forward(placed) if self.kept is None else self.kept
        time.sleep(1e-7 * sum(tensor.numel() for tensor in placed.values()) + 0.01)
        return self.kept


class Spins(PerInput):
    """Spends the time that work would take, and as much of the processor."""

    def forward(self, placed: Any) -> Any:
        until = time.perf_counter() + 0.003
        while time.perf_counter() < until:
            pass
        return super().forward(placed)


INVENTORS = [Constant, Nothing, Chance, RightStatistics, FirstOnly, InventsWhileTimed, Copies, SleepsByInput]


@pytest.mark.parametrize("cheat", INVENTORS)
def test_what_was_not_computed_for_an_unknown_input_disagrees_with_the_reference(
    cheat: type[Cheat], door: Door
) -> None:
    door.caught(cheat, Layer.AGREEMENT, model="clip")


@pytest.mark.parametrize("cheat", [Constant, FirstOnly, Copies, SleepsByInput])
def test_what_does_not_follow_the_input_is_insensitive(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.SENSITIVITY, model="clip")


@pytest.mark.parametrize("cheat", [PerInput, PerObject, CopiesOrWorks, Spins])
def test_what_was_remembered_made_no_flops_when_looked_at(cheat: type[Cheat], door: Door) -> None:
    assert "something else answered" in door.caught(cheat, Layer.IDENTITY, model="clip")


@pytest.mark.parametrize("cheat", [PerInput, PerObject, Spins])
def test_what_was_remembered_ran_no_graph_when_looked_at(cheat: type[Cheat], door: Door) -> None:
    assert "ran no graph" in door.caught(cheat, Layer.PLACEMENT, model="clip", platform="openvino")


@pytest.mark.parametrize("cheat", [PerInput, PerObject, MostCalls, WhileTimed])
def test_what_is_remembered_is_faster_than_new_inputs(cheat: type[Cheat], door: Door) -> None:
    assert "new inputs" in door.caught(cheat, Layer.PLAUSIBILITY, model="clip")


def test_every_repeat_is_looked_at(door: Door) -> None:
    assert Layer.AGREEMENT not in door.enter(HonestOnce).reasons
    door.caught(HonestOnce, Layer.AGREEMENT, repeat=1)


@pytest.mark.parametrize("cheat", [Sleeps, SleepsByInput])
def test_a_sleeper_is_not_at_work(cheat: type[Cheat], door: Door) -> None:
    assert "slept" in door.caught(cheat, Layer.PLAUSIBILITY, model="clip")
