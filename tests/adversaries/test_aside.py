"""Work that is done aside: while inputs are placed, in another process, in another part of the call, or not at all."""

import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack as eyes

from farm.contract.evidence import Layer
from farm.contract.job import Measure, ModelReference
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest
from workers.reference import FILE, KIND

pytestmark = pytest.mark.models

#: Long enough for the kernel to count what a process did, however busy the machine is.
LONGER = Measure(min_iterations=9, min_seconds=0.5, max_seconds=5, warmup_seconds=0, rel_precision=0.5)
SHARE = 1 / 3  # of the time that the work would take, spun: fast, and not too fast


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


class WhilePlaced(Cheat):
    """Answers while its inputs are placed, which nobody times, and spins for a third of the time when it is called.

    It works at once while its operations are looked at.
    """

    usual = 1.0

    def place(self, inputs: Any) -> Any:
        placed = self.engine.place(inputs)
        for _ in range(2):  # the first one is slow
            began = time.perf_counter()
            answer = self.engine.forward(placed)
            self.usual = min(self.usual, time.perf_counter() - began)
        return {"placed": placed, "answer": answer}

    def forward(self, placed: Any) -> Any:
        if eyes():
            return self.engine.forward(placed["placed"])
        spin(self.usual * SHARE)
        return placed["answer"]


class WhilePlacedByThread(WhilePlaced):
    """Has the answer made by a thread that begins when the inputs are placed."""

    def place(self, inputs: Any) -> Any:
        placed = self.engine.place(inputs)
        made: dict[str, Any] = {"placed": placed}
        made["thread"] = threading.Thread(target=lambda: made.update(answer=self.engine.forward(placed)))
        made["thread"].start()
        return made

    def forward(self, placed: Any) -> Any:
        if eyes():
            return self.engine.forward(placed["placed"])
        placed["thread"].join()
        return placed["answer"]


class WithHelper(Cheat):
    """Has a process of its own at work beside it, whose time and memory are in no figure."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.helper = subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])

    def device_memory(self) -> dict[str, float]:
        self.helper.kill()
        self.helper.wait()
        return {}


class LateFirstToken(Cheat):
    """Reads the prompt when the second token is asked for: the first one seems to come at once."""

    asked: Any = None

    def prefill(self, encoded: Any) -> Any:
        self.asked = encoded
        return self

    def step(self, tokens: Any) -> Any:
        return self.engine.step(self.first() if tokens is self else tokens)

    def first(self) -> Any:
        if self.asked is not None:
            self.kept, self.asked = self.engine.prefill(self.asked), None
        return self.kept

    def tokens(self, raw: Any) -> Any:
        return self.engine.tokens(self.first() if raw is self else raw)

    def logits(self) -> Any:
        self.first()
        return self.engine.logits()


class AllAtFirst(Cheat):
    """Makes all tokens with the first one and hands them out afterwards: the others seem to come at once."""

    def prefill(self, encoded: Any) -> Any:
        token = self.engine.prefill(encoded)
        self.made, self.scores = [token], [self.engine.logits()]
        for _ in range(self.request.new_tokens - 1):
            self.made.append(self.engine.step(self.made[-1]))
            self.scores.append(self.engine.logits())
        self.at = 0
        return token

    def step(self, tokens: Any) -> Any:
        del tokens
        self.at += 1
        return self.made[self.at]

    def logits(self) -> Any:
        return self.scores[self.at]


class LessExactWhileTimed(Cheat):
    """Multiplies in bf16, unless its operations are looked at."""

    def forward(self, placed: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not eyes()):
            return self.engine.forward(placed)


class FewKept(Cheat):
    """Keeps keys and values of the last tokens only."""

    def step(self, tokens: Any) -> Any:
        for layer in self.engine._state.layers:
            layer.keys, layer.values = layer.keys[..., -2:, :], layer.values[..., -2:, :]
        return self.engine.step(tokens)


class MemoryOfOthers(Cheat):
    """Tells of the memory that its device has, and of the latency too."""

    def device_memory(self) -> dict[str, float]:
        return {"latency": 1e-6, "memory_growth": 1.0}


class Rewrites(Cheat):
    """Writes its own answers where those of the reference are kept."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        own = engine.arrays(engine.forward(engine.place(request.example)))
        path = max(request.cache_dir.glob(f"{KIND}/*/{FILE}"), key=lambda each: each.stat().st_mtime)
        with np.load(path) as found:
            kept = dict(found)
        np.savez(path, **{name: own.get(name, array) for name, array in kept.items()})


def test_work_that_is_done_while_inputs_are_placed_is_seen(door: Door) -> None:
    found = door.caught(WhilePlaced, Layer.PLAUSIBILITY, model="clip")
    assert "placing the inputs" in found or "new inputs" in found


def test_a_thread_that_begins_when_inputs_are_placed_has_no_head_start(door: Door) -> None:
    assert "new inputs" in door.caught(WhilePlacedByThread, Layer.PLAUSIBILITY, model="clip")


def test_work_of_another_process_is_seen(door: Door) -> None:
    assert "processes that it started" in door.caught(WithHelper, Layer.PLAUSIBILITY, measure=LONGER)


def test_a_first_token_must_take_its_time(door: Door) -> None:
    assert "the first token took" in door.caught(LateFirstToken, Layer.PLAUSIBILITY, model="gpt2")


def test_every_other_token_must_take_its_time(door: Door) -> None:
    assert "the other tokens took" in door.caught(AllAtFirst, Layer.PLAUSIBILITY, model="gpt2")


def test_a_lower_precision_in_the_timed_loop_alone_is_seen(door: Door) -> None:
    assert "more than 0.0005 for fp32" in door.caught(LessExactWhileTimed, Layer.AGREEMENT, model="clip")


def test_a_cache_that_forgets_is_seen(door: Door) -> None:
    door.caught(FewKept, Layer.AGREEMENT, model="gpt2")


def test_only_what_an_engine_alone_can_know_is_taken_from_it(door: Door) -> None:
    found = door.enter(MemoryOfOthers)
    assert "tells itself of latency, memory_growth" in found.reasons[Layer.PLAUSIBILITY]
    samples = {each.metric: each.samples for each in found.outcome.readings}
    assert min(samples["latency"]) > 1e-6 and samples["memory_growth"] != (1.0,)


def test_answers_of_the_reference_are_read_before_anybody_could_change_them(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shorten(engine: Any, request: LoadRequest) -> Any:
        layer = type(engine.model.vision_model.encoder.layers[0])
        monkeypatch.setattr(layer, "forward", lambda self, hidden, *rest, **more: hidden)  # for the reference too
        return Rewrites(engine, request)

    assert "the job's inputs" in door.caught(shorten, Layer.AGREEMENT, model="clip", seed=31)


def test_a_folder_whose_configuration_leaves_layers_out_is_another_model(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shortened"
    shutil.copytree(door.cells.folder("bert"), folder)
    weights = load_file(folder / "model.safetensors")
    extra = {f"more.layer.{place}.weight": torch.ones(each.shape) for place, each in enumerate(weights.values())}
    save_file({**weights, **extra}, folder / "model.safetensors", metadata={"format": "pt"})
    model = ModelReference(name="shortened", source="folder", location=str(folder), family="text_embedding")
    monkeypatch.setattr(door.cells, "reference", lambda name: model)
    assert "the model that they describe has" in door.caught(Cheat, Layer.IDENTITY)
