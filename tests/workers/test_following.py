"""The reference follows another's tokens in two passes as it would step by step."""

from typing import Any

import numpy as np
import pytest

from tests.workers.platforms.cells import Cells
from workers.following import follower

pytestmark = pytest.mark.models


@pytest.mark.parametrize("model", ["gpt2", "t5", "whisper", "llava"])
def test_logits_along_tokens_are_those_of_single_steps(model: str, cells: Cells) -> None:
    _, _, request = cells.request(cells.spec("cpu", model))
    engine: Any = follower(request)
    placed = engine.place(request.example)
    tokens = np.asarray([[5, 3, 9, 4], [7, 7, 2, 6]])
    along = engine.along(placed, tokens)
    engine.prefill(engine.encode(placed))
    stepped = [engine.logits()]
    for step in range(3):
        engine.step(engine.from_tokens(tokens[:, step]))
        stepped.append(engine.logits())
    np.testing.assert_allclose(along, np.stack(stepped, axis=1), atol=1e-4)
    assert engine.along(placed, tokens[:, :1]).shape == (2, 1, along.shape[2])
