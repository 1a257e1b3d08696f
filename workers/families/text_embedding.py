"""Sentences to vectors: one pass, pooled, normalised where the model's folder says so."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.families._text import check_length, token_batch
from workers.workload import Call, Family

HEADS: Final = {
    "BertModel": "FeatureExtraction",
    "BertForMaskedLM": "FeatureExtraction",
    "RobertaModel": "FeatureExtraction",
    "RobertaForMaskedLM": "FeatureExtraction",
    "MPNetModel": "FeatureExtraction",
    "MPNetForMaskedLM": "FeatureExtraction",
    "ElectraModel": "FeatureExtraction",
    "AlbertModel": "FeatureExtraction",
}
AXES: Final = ("batch_size", "sequence_length")
ITEM: Final = "sentence"
COLUMNS: Final = ("latency_per_item", "embedding_dimension")

TINY: Final = 1e-12  # keeps the norm of a zero vector from dividing by zero; sentence-transformers' value


class TextEmbedding:
    """Pooled sentence vectors, as sentence-transformers makes them."""

    gives: tuple[str, ...] = ("last_hidden_state",)

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make sentences of the asked token length."""
        length = spec.sequence_length or 1
        check_length(folder, length)
        return token_batch(folder, rows=spec.batch_size, length=length, seed=spec.seed), []

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Embedding":
        """Bind sentences to a loaded model."""
        del spec
        return Embedding(engine, inputs, pooling=_pooling(folder), normalised=_normalised(folder))

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """Embed the sentences once."""
        del reference
        return dict(self.workload(engine, inputs, spec, folder).call()[0])


class Embedding:
    """One batch of sentences on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, pooling: str, normalised: bool) -> None:
        """Place the inputs."""
        self._engine = engine
        self._placed = engine.place(inputs)
        mask = inputs["attention_mask"].astype("float32")  # integers would have the pooling computed in float64
        self._mask = engine.place({"attention_mask": mask})["attention_mask"]
        self._pooling = pooling
        self._normalised = normalised
        self._width = 0

    def call(self) -> tuple[dict[str, Array], Sequence[int]]:
        """Embed the batch, pooling and the vectors' way to main memory included."""
        hidden = self._engine.forward(self._placed)["last_hidden_state"]
        if self._pooling == "cls":
            pooled = hidden[:, 0]
        else:
            mask = self._mask[:, :, None]
            pooled = (hidden * mask).sum(1) / mask.sum(1)
        if self._normalised:
            pooled = pooled / ((pooled * pooled).sum(1, keepdims=True) + TINY) ** 0.5
        return self._engine.arrays({"embedding": pooled}), ()

    def outputs(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """The vectors are arrays already."""
        self._width = raw["embedding"].shape[1]
        return dict(raw)

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the width of a vector; times are the meters' affair."""
        del calls
        return {"embedding_dimension": [float(self._width)]}


@cache
def _pooling(folder: Path) -> str:
    path = folder / "1_Pooling" / "config.json"
    if path.exists() and json.loads(path.read_text()).get("pooling_mode_cls_token"):
        return "cls"
    return "mean"


@cache
def _normalised(folder: Path) -> bool:
    path = folder / "modules.json"
    return path.exists() and any(module["type"].endswith("Normalize") for module in json.loads(path.read_text()))


WORKLOADS: Final[Family] = TextEmbedding()
