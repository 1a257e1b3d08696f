"""Implementations that reach for the farm itself: its clock, its judges; and one that is nothing at all."""

import builtins
import functools
import gc
import sys
import time
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from torch.utils.flop_counter import flop_registry

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.job import Measure
from tests.adversaries.door import MEASURE, Cheat, Door
from tests.adversaries.test_models import Idle, OtherSeed
from workers.engine import LoadRequest
from workers.evidence import agreement, thresholds
from workers.measure import _torch_eye as watching_torch
from workers.measure import sampling
from workers.workload import Call

pytestmark = pytest.mark.models

LONGER = Measure(min_iterations=9, min_seconds=0.2, max_seconds=5, warmup_seconds=1, rel_precision=0.5)


def test_a_clock_that_was_replaced_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(engine: Any, request: LoadRequest) -> Any:
        counter, counter_ns = time.perf_counter, time.perf_counter_ns
        monkeypatch.setattr(time, "perf_counter", lambda: counter() / 2)
        monkeypatch.setattr(time, "perf_counter_ns", lambda: counter_ns() // 2)
        return engine

    found = door.caught(slow, Layer.PLAUSIBILITY)
    assert "replaced time.perf_counter, time.perf_counter_ns" in found


def test_a_judge_that_was_replaced_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def bribe(engine: Any, request: LoadRequest) -> Any:
        kind = Evidence(layer=Layer.AGREEMENT, outcome=Outcome.PASS, reason="fine", figures={})
        monkeypatch.setattr(agreement, "judge", lambda **given: kind)
        return engine

    assert "workers.evidence.agreement.judge" in door.caught(bribe, Layer.PLAUSIBILITY)


def test_a_method_of_the_reference_that_was_replaced_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def bribe(engine: Any, request: LoadRequest) -> Any:
        plain = type(engine).forward
        monkeypatch.setattr(type(engine), "forward", lambda self, placed: dict(plain(self, placed)))
        return engine

    assert "TorchEngine.forward" in door.caught(bribe, Layer.PLAUSIBILITY)


def test_thresholds_that_were_changed_are_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    class Generous(OtherSeed):
        """Has other weights, and sets the limits of agreement so wide that all is well."""

        def __init__(self, engine: Any, request: LoadRequest) -> None:
            super().__init__(engine, request)
            monkeypatch.setitem(thresholds.LEAST_COSINE, "fp32", -1.0)
            monkeypatch.setitem(thresholds.MOST_ERROR, "fp32", 1e9)
            monkeypatch.setattr("workers.evidence.sensitivity.MOST_CONFUSED", 1e9)

    found = door.caught(Generous, Layer.PLAUSIBILITY)
    assert "workers.evidence.agreement.LEAST_COSINE" in found and "workers.evidence.sensitivity.MOST_CONFUSED" in found


def test_a_clock_that_only_the_loop_was_given_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(engine: Any, request: LoadRequest) -> Any:
        given = sampling.sample.__kwdefaults__
        assert given is not None
        monkeypatch.setitem(given, "now", lambda: time.perf_counter_ns() // 2)
        return engine

    assert "workers.measure.sampling.sample" in door.caught(slow, Layer.PLAUSIBILITY)


def test_a_record_that_tells_something_else_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def shorten(engine: Any, request: LoadRequest) -> Any:
        monkeypatch.setattr(Call, "end", property(lambda call: (call[0] + call[1]) // 2))
        return engine

    assert "workers.workload.Call.end" in door.caught(shorten, Layer.PLAUSIBILITY)


def test_a_counter_that_counts_more_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exaggerates(Idle):
        """Runs its layers over a single token, and has PyTorch's counter of products count each for many."""

        def __init__(self, engine: Any, request: LoadRequest) -> None:
            super().__init__(engine, request)
            for packet, formula in [*flop_registry.items()]:
                counted = functools.partial(lambda count, *args, **kwargs: 32 * count(*args, **kwargs), formula)
                monkeypatch.setitem(flop_registry, packet, counted)

    found = door.enter(Exaggerates)
    assert "flop_registry" in found.reasons[Layer.PLAUSIBILITY]
    assert Layer.IDENTITY not in found.reasons  # so it would have passed


def test_an_eye_of_the_implementations_own_is_not_looked_through(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    class Blindfolds(Idle):
        """Runs its layers over a single token, and has another eye tell of more."""

        def __init__(self, engine: Any, request: LoadRequest) -> None:
            super().__init__(engine, request)

            class Eye(watching_torch.Eye):
                def told(self) -> dict[str, Any]:
                    seen = super().told()
                    return seen | {"flops_on": {where: 32 * flops for where, flops in seen["flops_on"].items()}}

            monkeypatch.setattr(watching_torch, "Eye", Eye)

    assert "workers.measure._torch_eye.Eye" in door.caught(Blindfolds, Layer.PLAUSIBILITY)


def test_a_counter_that_was_made_anew_within_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def exaggerate(engine: Any, request: LoadRequest) -> Any:
        formula = flop_registry[torch.ops.aten.addmm]
        (counted,) = (cell.cell_contents for cell in formula.__closure__ if callable(cell.cell_contents))
        monkeypatch.setattr(counted, "__code__", (lambda *shapes, out_shape=None, **more: 10**15).__code__)
        return engine

    assert "addmm_flop" in door.caught(exaggerate, Layer.PLAUSIBILITY)


def test_a_word_of_the_language_that_was_replaced_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def bribe(engine: Any, request: LoadRequest) -> Any:
        monkeypatch.setattr(builtins, "max", functools.partial(max))
        return engine

    assert "builtins.max" in door.caught(bribe, Layer.PLAUSIBILITY)


def test_who_looks_on_at_every_call_of_the_farm_is_noticed(door: Door) -> None:
    def spy(engine: Any, request: LoadRequest) -> Any:
        sys.setprofile(lambda frame, event, argument: None)
        return engine

    plain = sys.getprofile()
    try:
        assert "sys.setprofile" in door.caught(spy, Layer.PLAUSIBILITY)
    finally:
        sys.setprofile(plain)


def test_tampering_after_the_loop_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    class Afterwards(OtherSeed):
        """Replaces a judge once the loop has ended, which it knows by the garbage collector's work."""

        calls = 0

        def forward(self, placed: Any) -> Any:
            self.calls += 1
            if self.calls > MEASURE.min_iterations and gc.isenabled():
                kind = Evidence(layer=Layer.AGREEMENT, outcome=Outcome.PASS, reason="fine", figures={})
                monkeypatch.setattr(agreement, "judge", lambda **given: kind)
            return self.engine.forward(placed)

    found = door.enter(Afterwards)
    assert "workers.evidence.agreement.judge" in found.reasons[Layer.PLAUSIBILITY]


def test_a_library_that_was_changed_for_the_reference_too_disagrees_with_what_was_prepared(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shorten(engine: Any, request: LoadRequest) -> Any:
        layer = type(engine.model.encoder.layer[0])
        monkeypatch.setattr(layer, "forward", lambda self, hidden, *rest, **more: hidden)
        return engine

    found = door.enter(shorten)
    assert "the job's inputs" in found.reasons[Layer.AGREEMENT]


def test_a_mock_is_one(door: Door) -> None:
    def nothing(engine: Any, request: LoadRequest) -> Any:
        mock = MagicMock()
        mock.forward.return_value = {"last_hidden_state": torch.ones(2, 16, 32)}
        mock.place.side_effect = engine.place
        mock.arrays.side_effect = engine.arrays
        return mock

    found = door.enter(nothing)
    assert found.verdict is Verdict.MOCK
    assert {Layer.IDENTITY, Layer.PLACEMENT, Layer.AGREEMENT, Layer.SENSITIVITY} <= found.reasons.keys()


def test_an_honest_one_through_the_same_door_is_real(door: Door) -> None:
    for model, precision in (("bert", "fp32"), ("gpt2", "fp32"), ("clip", "bf16")):
        for platform in ("cpu", "openvino"):
            found = door.enter(Cheat, platform=platform, model=model, precision=precision, measure=LONGER)
            assert (found.verdict, found.reasons) == (Verdict.REAL, {})
