"""Tokens that were not generated: too few, not the model's, or from less than the whole text."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from farm.contract.evidence import Layer
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest
from workers.families import text_generation
from workers.families.text_generation import Generation, TextGeneration

pytestmark = pytest.mark.models


class HalfOfTokens(Cheat):
    """Generates half of the tokens and repeats the last one."""

    made = 0

    def prefill(self, encoded: Any) -> Any:
        self.made = 1
        return self.engine.prefill(encoded)

    def step(self, tokens: Any) -> Any:
        self.made += 1
        return self.engine.step(tokens) if self.made <= 2 else tokens


class WrongTokens(Cheat):
    """Gives the right scores to whoever asks for them, and other tokens."""

    def step(self, tokens: Any) -> Any:
        return (self.engine.step(tokens) + 1) % 50000


class WrongScores(Cheat):
    """Gives the right tokens, and invents the scores."""

    def logits(self) -> Any:
        return np.ones_like(self.engine.logits())


class Forgetful(Cheat):
    """Keeps nothing of the text: every step reads its own token alone."""

    def step(self, tokens: Any) -> Any:
        ids = tokens[:, None]
        return self.engine.prefill({"input_ids": ids, "attention_mask": torch.ones_like(ids)})


class LastWords(Cheat):
    """Reads the last two tokens of the prompt only."""

    def prefill(self, encoded: Any) -> Any:
        return self.engine.prefill({name: tensor[:, -2:] for name, tensor in encoded.items()})


class Recites(Cheat):
    """Remembers what it wrote after a prompt, and writes it again."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.known: dict[bytes, list[Any]] = {}
        self.written: list[Any] = []
        self.at = 0

    def prefill(self, encoded: Any) -> Any:
        self.written = self.known.setdefault(encoded["input_ids"].numpy().tobytes(), [])
        self.at = 0
        return self.next(lambda: self.engine.prefill(encoded))

    def step(self, tokens: Any) -> Any:
        return self.next(lambda: self.engine.step(tokens))

    def next(self, make: Any) -> Any:
        if self.at == len(self.written):
            self.written.append(make())
        self.at += 1
        return self.written[self.at - 1]


class KeepsPrompts(Cheat):
    """Reads a prompt once, and begins with what it kept of it whenever the prompt comes again."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.known: dict[bytes, tuple[Any, dict[str, Any]]] = {}

    def prefill(self, encoded: Any) -> Any:
        key = encoded["input_ids"].numpy().tobytes()
        if key not in self.known:
            token = self.engine.prefill(encoded)
            kept = {name: copy.deepcopy(vars(self.engine)[name]) for name in ("_state", "_logits", "_beside")}
            self.known[key] = token, kept
        token, kept = self.known[key]
        vars(self.engine).update(copy.deepcopy(kept))
        return token


class HeardOnce(Cheat):
    """Hears the first recording, and writes down every other one from what it remembers of it."""

    heard: Any = None

    def encode(self, placed: Any) -> Any:
        if self.heard is None:
            self.heard = self.engine.encode(placed)
        return self.heard


class Stops(TextGeneration):
    """A family whose loop stops half way."""

    class Short(Generation):
        def call(self) -> tuple[list[Any], Sequence[int]]:
            self._new_tokens //= 2
            made = super().call()
            self._new_tokens = self._new_tokens * 2 + 1
            return made[0], [*made[1], *[made[1][-1]] * 3]

    def workload(self, engine: Any, inputs: Any, spec: Any, folder: Any) -> Generation:
        return Stops.Short(engine, inputs, new_tokens=spec.new_tokens)


@pytest.mark.parametrize("cheat", [WrongTokens, WrongScores, Forgetful, LastWords])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tokens_and_scores_are_the_models_own(cheat: type[Cheat], precision: str, door: Door) -> None:
    door.caught(cheat, Layer.AGREEMENT, model="gpt2", precision=precision)


@pytest.mark.parametrize("cheat", [HalfOfTokens, Recites, KeepsPrompts])
def test_every_token_takes_its_work(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.IDENTITY, model="gpt2")


def test_on_openvino_every_token_takes_a_run(door: Door) -> None:
    found = door.caught(HalfOfTokens, Layer.IDENTITY, model="gpt2", platform="openvino")
    assert found == "OpenVINO ran 2 times in a call that needs 5 runs"


def test_a_loop_that_stops_early_wrote_too_little(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(engine: Any, request: LoadRequest) -> Any:
        return engine

    door.cells.outcome("cpu", "gpt2")  # the reference is made by the honest family
    monkeypatch.setattr(text_generation, "WORKLOADS", Stops())
    assert "were asked for" in door.caught(stop, Layer.AGREEMENT, model="gpt2")


def test_a_recording_must_be_heard(door: Door) -> None:
    door.caught(HeardOnce, Layer.AGREEMENT, model="whisper")
