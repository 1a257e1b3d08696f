"""The work of a call: what PyTorch counts, and the weights that are really read."""

from typing import Any

import pytest
import torch

from workers.measure.work import CountingEngine


class Embedder(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not looked into
    """A table of 1000 rows of which some are looked up, and a layer that is read whole."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(1000, 8)
        self.layer = torch.nn.Linear(8, 16, bias=False)

    def forward(self, ids: Any) -> dict[str, Any]:
        return {"vectors": self.layer(self.table(ids))}


class Engine:
    def __init__(self) -> None:
        self.model = Embedder()

    def forward(self, placed: dict[str, Any]) -> Any:
        with torch.inference_mode():
            return self.model(placed["ids"])


@pytest.mark.parametrize("rows", [1, 3])
def test_a_pass_reads_its_layers_and_the_rows_it_looks_up(rows: int) -> None:
    counting = CountingEngine(Engine(), gives=("vectors",))
    counting.forward({"ids": torch.zeros(rows, 5, dtype=torch.int64)})
    (counted,) = counting.work().once
    assert counted.flops == 2 * rows * 5 * 8 * 16
    assert counted.weights == rows * 5 * 8 + 8 * 16
    assert counted.moved == rows * 5 * 8 + rows * 5 * 16 * 4  # ids of eight bytes in, float32 out


def test_attention_on_the_cpu_is_counted() -> None:
    class Attention(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not looked into
        def forward(self, ids: Any) -> dict[str, Any]:
            return {"vectors": torch.nn.functional.scaled_dot_product_attention(ids, ids, ids)}

    engine = Engine()
    engine.model = Attention()
    counting = CountingEngine(engine, gives=("vectors",))
    counting.forward({"ids": torch.zeros(1, 2, 16, 8)})
    assert counting._passes[0].flops == 4 * 2 * 16 * 16 * 8


def test_heads_of_queries_that_share_one_of_keys_are_all_counted() -> None:
    class Grouped(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not looked into
        def forward(self, ids: Any) -> dict[str, Any]:
            shared = ids[:, :2]
            return {"vectors": torch.nn.functional.scaled_dot_product_attention(ids, shared, shared, enable_gqa=True)}

    engine = Engine()
    engine.model = Grouped()
    counting = CountingEngine(engine, gives=("vectors",))
    counting.forward({"ids": torch.zeros(1, 6, 16, 8)})
    assert counting._passes[0].flops == 4 * 6 * 16 * 16 * 8
