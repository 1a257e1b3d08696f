"""Greedy decoding for every family that generates tokens: one loop with a clock mark per token."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from workers.engine import Array, Arrays
from workers.measure.clock import clock
from workers.workload import Call

SECOND: Final = 1e9  # nanoseconds
COMPARED_STEPS: Final = 8  # logits kept of a reference: enough to see a wrong cache, small enough to keep


class Decoding:
    """One batch of prompts on a loaded model; exactly `new_tokens` are generated, whatever the tokens are."""

    def __init__(self, engine: Any, inputs: Arrays, *, new_tokens: int) -> None:
        """Place the inputs."""
        self._engine = engine
        self._placed = engine.place(inputs)
        self._new_tokens = new_tokens

    def call(self) -> tuple[list[Any], Sequence[int]]:
        """Generate. Marks: after the encoder, then after each token."""
        marks = [0] * (self._new_tokens + 1)
        encoded = self._engine.encode(self._placed)
        marks[0] = clock()
        token = self._engine.prefill(encoded)
        marks[1] = clock()
        made = [token]
        for i in range(2, self._new_tokens + 1):
            token = self._engine.step(token)
            marks[i] = clock()
            made.append(token)
        return made, marks

    def outputs(self, raw: list[Any]) -> dict[str, Array]:
        """Give the generated tokens (batch, new_tokens)."""
        return {"tokens": np.stack([self._engine.tokens(token) for token in raw], axis=1)}

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """A family says what its marks mean."""
        raise NotImplementedError

    def forced(self, reference: Arrays | None) -> dict[str, Array]:
        """Give the logits of the first steps (batch, steps, vocabulary) along the reference's tokens, or its own."""
        token = self._engine.prefill(self._engine.encode(self._placed))
        logits, tokens = [self._engine.logits()], [self._engine.tokens(token)]
        for step in range(1, min(self._new_tokens, COMPARED_STEPS)):
            follow = token if reference is None else self._engine.from_tokens(reference["tokens"][:, step - 1])
            token = self._engine.step(follow)
            logits.append(self._engine.logits())
            tokens.append(self._engine.tokens(token))
        return {"logits": np.stack(logits, axis=1), "tokens": np.stack(tokens, axis=1)}


def generated(calls: Sequence[Call], *, rows: int, read: int, new_tokens: int) -> dict[str, list[float]]:
    """Give what every generating family reports: the first token, the others, and tokens per second of both.

    `read` counts the prompt tokens of the whole batch.
    """
    first = between(calls, -1, 1)
    found = {"time_to_first_token": first, "prefill_tokens_per_second": [read / seconds for seconds in first]}
    if new_tokens > 1:
        found["inter_token_latency"] = [
            (call.marks[i + 1] - call.marks[i]) / SECOND for call in calls for i in range(1, new_tokens)
        ]
        rest = between(calls, 1, new_tokens)
        found["decode_tokens_per_second"] = [rows * (new_tokens - 1) / seconds for seconds in rest]
    return found


def between(calls: Sequence[Call], first: int, last: int) -> list[float]:
    """Give the seconds between two marks of each call; mark -1 as `first` means the call's start."""
    return [(call.marks[last] - (call.start if first < 0 else call.marks[first])) / SECOND for call in calls]
