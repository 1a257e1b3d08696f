"""What the farm knows of models, families and platforms: literal facts read from the workers' files, never imported.

In: the folder of the workers package. Out: a frozen Catalogue.
"""

import ast
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from farm.contract.errors import EnvironmentFault, UnknownName
from farm.contract.meant import nearest
from farm.contract.value import Scalar, Value

ZOO: Final = "zoo"
FAMILIES: Final = "families"
PLATFORMS: Final = "platforms"


class ModelEntry(Value):
    """A model of the zoo. `stands_for` is the published model it is built like, `parameters` that model's count.

    `without` names axes of its family that mean nothing for this model.
    """

    name: str
    family: str
    stands_for: str
    parameters: int
    without: tuple[str, ...] = ()


class FamilyEntry(Value):
    """A kind of work. `heads` names the architectures it takes, by the end of their names, and their head.

    `platforms` names the only platforms it runs on; empty means all.
    """

    name: str
    heads: dict[str, str]
    axes: tuple[str, ...]
    item: str
    columns: tuple[str, ...]
    platforms: tuple[str, ...] = ()


class PlatformEntry(Value):
    """A runtime on a device; `options` are its options with their defaults, `choices` the words that some may be.

    `families` names the only families it runs; empty means all.
    """

    name: str
    precisions: tuple[str, ...]
    fast_precision: str
    tags: tuple[str, ...]
    start: Literal["fork", "fresh"]
    device: Literal["host", "gpu"]
    options: dict[str, Scalar] = {}
    choices: dict[str, tuple[str, ...]] = {}
    families: tuple[str, ...] = ()


class Catalogue(Value):
    """Every model, family and platform there is a file for, by name, in alphabetical order."""

    models: dict[str, ModelEntry]
    families: dict[str, FamilyEntry]
    platforms: dict[str, PlatformEntry]

    def precisions(self) -> tuple[str, ...]:
        """Name every precision that some platform has."""
        return tuple(dict.fromkeys(word for entry in self.platforms.values() for word in entry.precisions))

    def platform(self, name: str) -> PlatformEntry:
        """Give one platform. Raises: UnknownName with the nearest ones."""
        if name not in self.platforms:
            raise UnknownName(f"{name!r} is no platform; {nearest(name, self.platforms)}")
        return self.platforms[name]

    def refusal(self, *, family: str, platform: str) -> str | None:
        """Say why a family never runs on a platform; None when it can."""
        only_on, only_of = self.families[family].platforms, self.platforms[platform].families
        if only_on and platform not in only_on:
            return f"{family} runs only on {', '.join(only_on)}"
        if only_of and family not in only_of:
            return f"{platform} runs only {', '.join(only_of)}"
        return None

    def family_of(self, architectures: tuple[str, ...]) -> str | None:
        """Infer the family from the architectures of a config.json; the longest matching ending wins."""
        found = [
            (len(ending), name)
            for name, entry in self.families.items()
            for ending in entry.heads
            if any(architecture.endswith(ending) for architecture in architectures)
        ]
        return max(found)[1] if found else None


def read_catalogue(root: Path | None = None) -> Catalogue:
    """Read the catalogue from the folder of the workers package, or from `root`.

    Raises: EnvironmentFault when the folder is not there or a file states its facts wrongly.
    """
    folder = root or _workers_folder()
    families = _entries(folder / FAMILIES, marker="HEADS", make=_family)
    models = _entries(folder / ZOO, marker="FAMILY", make=_model)
    return Catalogue(
        models=models,
        families=families,
        platforms=_entries(folder / PLATFORMS, marker="PRECISIONS", make=_platform),
    )


def _workers_folder() -> Path:
    spec = find_spec("workers")
    if spec is None or spec.origin is None:
        raise EnvironmentFault("the package `workers` is not installed; install benchmark-farm whole")
    return Path(spec.origin).parent


Entry = TypeVar("Entry", ModelEntry, FamilyEntry, PlatformEntry)


def _entries(folder: Path, *, marker: str, make: Callable[[str, Mapping[str, Any]], Entry]) -> dict[str, Entry]:
    """Read every file of a folder that states the marking fact; the others help those, and are no entries."""
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem == "base" or path.stem.startswith("_"):
            continue
        facts = _literals(path)
        if marker in facts:
            entry = _made(path, facts, make)
            entries[entry.name] = entry
    return entries


def _made(path: Path, facts: Mapping[str, Any], make: Callable[[str, Mapping[str, Any]], Entry]) -> Entry:
    try:
        return make(path.stem, facts)
    except KeyError as missing:
        raise EnvironmentFault(f"{path} does not state {missing.args[0]} as a literal constant") from missing
    except ValidationError as error:
        wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise EnvironmentFault(f"{path} states a fact wrongly: {wrong}") from error


def _literals(path: Path) -> dict[str, Any]:
    try:
        statements = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise EnvironmentFault(f"{path}:{error.lineno}: {error.msg}") from error
    found: dict[str, Any] = {}
    for statement in statements:
        name = _assigned_name(statement)
        if name is not None and name.isupper():
            try:
                found[name] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
            except ValueError:
                continue  # computed, so no fact for readers
    return found


def _assigned_name(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _model(stem: str, facts: Mapping[str, Any]) -> ModelEntry:
    return ModelEntry(
        name=stem.replace("_", "-"),
        family=facts["FAMILY"],
        stands_for=facts["STANDS_FOR"],
        parameters=facts["PARAMETERS"],
        without=facts.get("WITHOUT", ()),
    )


def _family(stem: str, facts: Mapping[str, Any]) -> FamilyEntry:
    return FamilyEntry(
        name=stem,
        heads=facts["HEADS"],
        axes=facts["AXES"],
        item=facts["ITEM"],
        columns=facts["COLUMNS"],
        platforms=facts.get("PLATFORMS", ()),
    )


def _platform(stem: str, facts: Mapping[str, Any]) -> PlatformEntry:
    return PlatformEntry(
        name=stem,
        precisions=facts["PRECISIONS"],
        fast_precision=facts["FAST_PRECISION"],
        tags=facts["TAGS"],
        start=facts["START"],
        device=facts["DEVICE"],
        options=facts["OPTIONS"],
        choices=facts.get("CHOICES", {}),
        families=facts.get("FAMILIES", ()),
    )
