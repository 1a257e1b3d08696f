"""One file per family, of its name: the tiny models that the conformance suite runs it with."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple


class Tiny(NamedTuple):
    """A model of few parameters: how its folder is written, and the shape of each output of a call for one item.

    A length of -1 stands for the batch. A model without `build` is the zoo's own of that name.
    """

    build: Callable[[Path], None] | None
    outputs: Mapping[str, tuple[int, ...]]
    new_tokens: int | None = None
    sequence_length: int | None = None


def tiny_models(stated: str = "MODELS") -> dict[str, tuple[str, Tiny]]:
    """Give tiny models by name, with their family: what the files of this folder state.

    MODELS are held to everything by the conformance suite; STRANGERS are architectures that the zoo has not.
    """
    found: dict[str, tuple[str, Tiny]] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        models: Mapping[str, Tiny] = getattr(import_module(f"{__name__}.{path.stem}"), stated, {})
        found |= {name: (path.stem, tiny) for name, tiny in models.items()} if path.stem != "__init__" else {}
    return found
