"""What the farm knows by name: models, families and platforms, read from the literals on top of the workers' files.

Nothing is imported, so that a control plane without torch knows every name, and a new file is known by being there.
"""

import ast
import importlib.util
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from farm.contract.value import Scalar


class ModelEntry(NamedTuple):
    """One model of the zoo."""

    name: str
    family: str
    stands_for: str
    parameters: int


class FamilyEntry(NamedTuple):
    """One kind of work; `platforms` names the only ones it runs on, and is empty for all."""

    name: str
    axes: tuple[str, ...]
    item: str
    columns: tuple[str, ...]
    architectures: tuple[str, ...]
    platforms: tuple[str, ...]


class PlatformEntry(NamedTuple):
    """One runtime on a device."""

    name: str
    precisions: tuple[str, ...]
    fast_precision: str
    tags: tuple[str, ...]
    start: Literal["fork", "fresh"]
    device: Literal["host", "gpu"]
    options: dict[str, Scalar]


class Catalogue(NamedTuple):
    """Everything known by name."""

    models: dict[str, ModelEntry]
    families: dict[str, FamilyEntry]
    platforms: dict[str, PlatformEntry]


def read_catalogue(root: Path | None = None) -> Catalogue:
    """Read the files under `root`, by default those of the installed workers package."""
    folder = root or _installed()
    return Catalogue(
        models={_name(stem): _model(stem, facts) for stem, facts in _files(folder / "zoo", needs="STANDS_FOR")},
        families={name: _family(name, facts) for name, facts in _files(folder / "families", needs="HEAD")},
        platforms={name: _platform(name, facts) for name, facts in _files(folder / "platforms", needs="PRECISIONS")},
    )


def _installed() -> Path:
    spec = importlib.util.find_spec("workers")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the workers package is not installed beside farm")
    return Path(spec.origin).parent


def _files(folder: Path, *, needs: str) -> list[tuple[str, dict[str, Any]]]:
    """Give name and literals of each file that has the literal `needs`."""
    found = [(path.stem, _literals(path)) for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")]
    return [(stem, facts) for stem, facts in found if needs in facts]


def _literals(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            try:
                facts[node.target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed, so it is no fact for the control plane
    return facts


def _name(stem: str) -> str:
    """A model's name in sweeps is its file's, with dashes."""
    return stem.replace("_", "-")


def _model(stem: str, facts: dict[str, Any]) -> ModelEntry:
    return ModelEntry(_name(stem), facts["FAMILY"], facts["STANDS_FOR"], facts["PARAMETERS"])


def _family(stem: str, facts: dict[str, Any]) -> FamilyEntry:
    return FamilyEntry(
        name=stem,
        axes=facts["AXES"],
        item=facts["ITEM"],
        columns=facts["COLUMNS"],
        architectures=facts["ARCHITECTURES"],
        platforms=facts.get("PLATFORMS", ()),
    )


def _platform(stem: str, facts: dict[str, Any]) -> PlatformEntry:
    return PlatformEntry(
        name=stem,
        precisions=facts["PRECISIONS"],
        fast_precision=facts["FAST_PRECISION"],
        tags=facts["TAGS"],
        start=cast(Literal["fork", "fresh"], facts["START"]),
        device=cast(Literal["host", "gpu"], facts["DEVICE"]),
        options=facts["OPTIONS"],
    )
