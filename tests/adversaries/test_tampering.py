"""Implementations that reach for the farm itself: its clock, its judges; and one that is nothing at all."""

import time
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch

from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.job import Measure
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest
from workers.evidence import agreement

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
    cells: list[dict[str, Any]] = [{"model": "bert"}, {"model": "gpt2"}, {"model": "clip", "precision": "bf16"}]
    for where in cells:
        for platform in ("cpu", "openvino"):
            found = door.enter(Cheat, platform=platform, measure=LONGER, **where)
            assert (found.verdict, found.reasons) == (Verdict.REAL, {})
