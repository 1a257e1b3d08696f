"""Less input than was given: rows repeated or exchanged, texts cut, pictures not processed."""

from typing import Any

import pytest
import torch

from farm.contract.evidence import Layer
from tests.adversaries.door import Cheat, Door

pytestmark = pytest.mark.models

BATCH = 3


class Permuted(Cheat):
    """Gives the rows of the batch in another order."""

    def forward(self, placed: Any) -> Any:
        return {"last_hidden_state": self.engine.forward(placed)["last_hidden_state"].roll(1, dims=0)}


class FirstRow(Cheat):
    """Computes the first row of the batch and repeats it."""

    def forward(self, placed: Any) -> Any:
        hidden = self.engine.forward({name: tensor[:1] for name, tensor in placed.items()})["last_hidden_state"]
        return {"last_hidden_state": hidden.expand(len(placed["input_ids"]), -1, -1)}


class HalfOfText(Cheat):
    """Reads the first half of each text, and fills the answer up with it."""

    def forward(self, placed: Any) -> Any:
        length = placed["input_ids"].shape[1] // 2
        hidden = self.engine.forward({name: tensor[:, :length] for name, tensor in placed.items()})["last_hidden_state"]
        return {"last_hidden_state": torch.cat([hidden, hidden], dim=1)}


class Unprocessed(Cheat):
    """Skips the processor: pixels as the picture has them, not as the model was trained on."""

    def place(self, inputs: Any) -> Any:
        placed = self.engine.place(inputs)
        return placed | {"pixel_values": placed["pixel_values"] * 0.27 + 0.45}


class Blurred(Cheat):
    """Looks at a quarter of the pixels."""

    def place(self, inputs: Any) -> Any:
        placed = self.engine.place(inputs)
        fewer = placed["pixel_values"][..., ::2, ::2]
        return placed | {"pixel_values": torch.nn.functional.interpolate(fewer, scale_factor=2)}


class Blind(Cheat):
    """Reads the sentence and invents the picture's vector."""

    kept: Any = None

    def forward(self, placed: Any) -> Any:
        outputs = self.engine.forward(placed)
        self.kept = outputs["image_embeds"] if self.kept is None else self.kept
        return {"text_embeds": outputs["text_embeds"], "image_embeds": self.kept}


@pytest.mark.parametrize("cheat", [Permuted, FirstRow, HalfOfText])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_rows_and_texts_are_all_read(cheat: type[Cheat], precision: str, door: Door) -> None:
    layer = Layer.AGREEMENT if precision == "fp32" else Layer.SENSITIVITY
    door.caught(cheat, layer, batch_size=BATCH, precision=precision)


@pytest.mark.parametrize("cheat", [FirstRow, HalfOfText])
def test_half_of_the_work_is_seen_as_half(cheat: type[Cheat], door: Door) -> None:
    assert "PyTorch made" in door.caught(cheat, Layer.IDENTITY, batch_size=BATCH)


@pytest.mark.parametrize("cheat", [Unprocessed, Blurred, Blind])
def test_pictures_are_processed_and_looked_at(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.AGREEMENT, model="clip")
