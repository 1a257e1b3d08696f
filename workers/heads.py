"""Which head of a model a family uses: transformers' word after AutoModelFor, chosen by the model's architecture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from workers.zoo.weights import read_json

#: The head of a model that no AutoModelFor class serves: AutoModel itself, and no exporter of its own.
PLAIN: Final = "Model"
FAKE: Final = "Fake"


def head_of(heads: Mapping[str, str], folder: Path) -> str:
    """Choose by the longest ending of an architecture's name; a model of another name gets the family's first head."""
    named = read_json(folder / "config.json").get("architectures")
    architectures = [str(name) for name in named] if isinstance(named, list) else []
    fitting = [ending for ending in heads if any(name.endswith(ending) for name in architectures)]
    return heads[max(fitting, key=len)] if fitting else next(iter(heads.values()))
