"""Another model than the one asked for: smaller, shorter, with other weights, or with weights that do nothing."""

import copy
from abc import ABC, abstractmethod
from typing import Any

import pytest
import torch
from transformers import BertModel

from farm.contract.evidence import Layer
from tests.adversaries.door import Cheat, Door
from workers.engine import LoadRequest
from workers.platforms._torch import TorchEngine
from workers.platforms._torch_loading import quantised

pytestmark = pytest.mark.models

SEED = 7


def engine_of(model: Any, request: LoadRequest) -> TorchEngine:
    return TorchEngine(model.eval(), request, device="cpu")


class Lying(Cheat):
    """Says that it has as many parameters as the model that was asked for."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.claimed = engine.parameters()

    def parameters(self) -> int:
        return int(self.claimed)


class Narrow(Cheat):
    """Has hidden layers of half the width; its vectors are filled up."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        config = copy.deepcopy(engine.model.config)
        config.hidden_size //= 2
        config.intermediate_size //= 2
        super().__init__(engine_of(BertModel(config), request), request)

    def forward(self, placed: Any) -> Any:
        hidden = self.engine.forward(placed)["last_hidden_state"]
        return {"last_hidden_state": torch.cat([hidden, hidden], dim=-1)}


class Shallow(Cheat):
    """Lacks its last layer."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        engine.model.encoder.layer = engine.model.encoder.layer[:1]
        super().__init__(engine, request)


class NarrowLiar(Lying):
    """Has narrow layers and says that it has not."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.narrow = Narrow(engine, request)

    def forward(self, placed: Any) -> Any:
        return self.narrow.forward(placed)


class Padded(Cheat):
    """Holds all parameters, but one of its layers is never run."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        engine.model.never_run = engine.model.encoder.layer[1]
        engine.model.encoder.layer = engine.model.encoder.layer[:1]
        super().__init__(engine, request)


class Idle(Cheat):
    """Runs its layers over a single token and fills the rest up; every weight is read."""

    def forward(self, placed: Any) -> Any:
        hidden = self.engine.forward({name: tensor[:, :1] for name, tensor in placed.items()})["last_hidden_state"]
        return {"last_hidden_state": hidden.expand(-1, placed["input_ids"].shape[1], -1)}


class OtherSeed(Cheat):
    """Has the right architecture with weights of another seed."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        torch.manual_seed(SEED)
        super().__init__(engine_of(BertModel(engine.model.config), request), request)


class OtherModel(Cheat):
    """Has another model's weights: all of the right shapes, in the wrong layers."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        first, second = (layer.state_dict() for layer in engine.model.encoder.layer)
        swapped = {name: tensor.clone() for name, tensor in second.items()}, {**first}
        for layer, state in zip(engine.model.encoder.layer, swapped, strict=True):
            layer.load_state_dict({name: tensor.clone() for name, tensor in state.items()})
        super().__init__(engine, request)


class Changed(Cheat, ABC):
    """Has every matrix changed a little."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        with torch.inference_mode(False), torch.no_grad():
            for weight in engine.model.parameters():
                if weight.dim() > 1:
                    weight.copy_(self.changed(weight))
        super().__init__(engine, request)

    @abstractmethod
    def changed(self, weight: torch.Tensor) -> torch.Tensor:
        """Give another weight for one."""


class EightBits(Changed):
    """Has weights of eight bits and says fp32: each is rounded to one of 256 steps."""

    def changed(self, weight: torch.Tensor) -> torch.Tensor:
        step = weight.abs().max() / 127
        return (weight / step).round() * step


class SixteenBits(Changed):
    """Has weights of bf16 and says fp32."""

    def changed(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.to(torch.bfloat16).to(torch.float32)


class Pruned(Changed):
    """Has its smallest third of weights set to zero."""

    def changed(self, weight: torch.Tensor) -> torch.Tensor:
        return torch.where(weight.abs() < weight.float().abs().quantile(1 / 3), 0.0, weight)


class Redrawn(Changed):
    """Has other weights of the same spread: as another seed would have given."""

    def changed(self, weight: torch.Tensor) -> torch.Tensor:
        return torch.randn_like(weight) * weight.float().std()


class LessPrecise(Cheat):
    """Computes in bf16, and says so to whoever asks for its types."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        engine.model.to(torch.bfloat16)
        super().__init__(engine, request)


class LessPreciseLiar(LessPrecise):
    """Computes in bf16, and says fp32."""

    def placement(self) -> Any:
        return self.engine.placement() | {"weight_types": ["float32"]}


class Shared(Lying):
    """Runs one layer twice instead of two: a smaller sibling that makes as many products."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        engine.model.encoder.layer[1] = engine.model.encoder.layer[0]


class LowRank(Lying):
    """Has each matrix of its linear layers replaced by two thin ones."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        for module in [*engine.model.encoder.modules()]:
            for name, layer in [*module.named_children()]:
                if isinstance(layer, torch.nn.Linear):
                    setattr(module, name, self.thin(layer))

    @staticmethod
    def thin(layer: torch.nn.Linear) -> torch.nn.Module:
        rank = min(layer.weight.shape) // 4
        left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
        first = torch.nn.Linear(layer.in_features, rank, bias=False)
        second = torch.nn.Linear(rank, layer.out_features)
        first.weight = torch.nn.Parameter(right[:rank])
        second.weight, second.bias = torch.nn.Parameter(left[:, :rank] * sizes[:rank]), layer.bias
        return torch.nn.Sequential(first, second)


class ExitsEarly(Cheat):
    """Leaves out its last layer for batches, and is whole for a single row."""

    def forward(self, placed: Any) -> Any:
        layers = self.engine.model.encoder.layer
        self.engine.model.encoder.layer = layers[:1] if len(placed["input_ids"]) > 1 else layers
        try:
            return self.engine.forward(placed)
        finally:
            self.engine.model.encoder.layer = layers


class Wears(Cheat):
    """Leaves out its last layer from the tenth call on."""

    calls = 0

    def forward(self, placed: Any) -> Any:
        self.calls += 1
        if self.calls == 10:
            self.engine.model.never_run = self.engine.model.encoder.layer[1]
            self.engine.model.encoder.layer = self.engine.model.encoder.layer[:1]
        return self.engine.forward(placed)


class PackedLiar(Lying):
    """Multiplies by weights of eight bits, and says fp32."""

    def __init__(self, engine: Any, request: LoadRequest) -> None:
        super().__init__(engine, request)
        self.says = engine.placement()
        self.engine = engine_of(quantised(engine.model), request)

    def placement(self) -> Any:
        return self.says


@pytest.mark.parametrize("cheat", [Narrow, Shallow])
def test_a_smaller_model_has_too_few_parameters(cheat: type[Cheat], door: Door) -> None:
    assert "parameters are loaded" in door.caught(cheat, Layer.IDENTITY)


@pytest.mark.parametrize("cheat", [NarrowLiar, Padded, Idle])
def test_parameters_that_do_nothing_are_not_believed(cheat: type[Cheat], door: Door) -> None:
    assert "PyTorch made" in door.caught(cheat, Layer.IDENTITY)


OTHERS = [Narrow, Shallow, Padded, Idle, OtherSeed, OtherModel, EightBits, SixteenBits, Pruned, LessPreciseLiar, Shared]


@pytest.mark.parametrize("cheat", OTHERS)
def test_another_model_gives_other_answers(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.AGREEMENT)


@pytest.mark.parametrize("cheat", [Redrawn, Pruned])
def test_rounding_of_the_model_itself_excuses_no_other_weights(cheat: type[Cheat], door: Door) -> None:
    door.caught(cheat, Layer.AGREEMENT, model="xclip", precision="bf16")


@pytest.mark.parametrize("cheat", [LowRank, ExitsEarly, Wears])
def test_a_part_that_is_left_out_was_not_multiplied(cheat: type[Cheat], door: Door) -> None:
    found = door.enter(cheat)
    assert "PyTorch made" in found.reasons[Layer.IDENTITY]
    assert Layer.AGREEMENT in found.reasons


def test_eight_bits_under_the_name_of_thirty_two_are_seen(door: Door) -> None:
    assert "qint8" in door.caught(PackedLiar, Layer.PLACEMENT)


@pytest.mark.parametrize("cheat", [LessPrecise, LessPreciseLiar])
def test_a_lower_precision_than_claimed_is_seen(cheat: type[Cheat], door: Door) -> None:
    assert "bfloat16" in door.caught(cheat, Layer.PLACEMENT)
