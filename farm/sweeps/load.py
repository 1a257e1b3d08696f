"""A sweep file becomes a plan; every mistake is reported at once, with its line and the nearest valid name.

In: a YAML file. Out: a SweepPlan and its models resolved to references.
"""

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from farm.contract.errors import SweepMistakes
from farm.contract.job import Measure, ModelReference
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.plan import WHERE, ModelChoice, Override, SweepPlan

Where = tuple[int | str, ...]
FAST = "fast"


class LoadedSweep(NamedTuple):
    """A checked plan, its models in order, and the file's own text."""

    plan: SweepPlan
    models: tuple[ModelReference, ...]
    source: str


def load_sweep(path: Path, catalogue: Catalogue) -> LoadedSweep:
    """Read and check a sweep file.

    Raises: SweepMistakes with one line for each mistake.
    """
    source = _read(path)
    tree = _parse(path, source)
    lines = _Mistakes(path, tree)
    plan = _typed(tree, lines)
    if plan is None:
        raise SweepMistakes(lines.told())
    models = tuple(_model(choice, ("models", i), path, catalogue, lines) for i, choice in enumerate(plan.models))
    _check_names(plan, catalogue, lines)
    _check_cells(plan, [model for model in models if model], catalogue, lines)
    if lines.found:
        raise SweepMistakes(lines.told())
    return LoadedSweep(plan, tuple(model for model in models if model), source)


class _Mistakes:
    """Collects mistakes with the line they stand on."""

    def __init__(self, path: Path, tree: CommentedMap) -> None:
        self._path = path
        self._tree = tree
        self.found: list[tuple[int, str]] = []

    def add(self, where: Where, message: str) -> None:
        shown = ".".join(str(part) for part in where)
        line = self._line(where)
        self.found.append((line, f"{self._path}:{line}: {shown}: {message}"))

    def unknown(self, where: Where, found: str, known: Iterable[str], *, kind: str) -> None:
        """Add an unknown name with what is allowed and the nearest."""
        names = sorted(known)
        near = difflib.get_close_matches(found, names, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        self.add(where, f"unknown {kind} {found!r}; known: {', '.join(names)}{hint}")

    def told(self) -> tuple[str, ...]:
        return tuple(message for _, message in sorted(self.found, key=lambda item: item[0]))

    def _line(self, where: Where) -> int:
        """Find the line of the deepest part of `where` that the file has."""
        node: Any = self._tree
        line = 1
        for part in where:
            try:
                position = node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part)
                line, node = position[0] + 1, node[part]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return line


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise SweepMistakes((f"{path}: there is no such file",)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SweepMistakes((f"{path}: cannot be read: {error}",)) from error


def _parse(path: Path, source: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(source)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SweepMistakes((f"{path}:{line}: this is not YAML: {error.problem or error.context}",)) from error
    if not isinstance(tree, CommentedMap):
        raise SweepMistakes((f"{path}:1: a sweep is a mapping such as `name: my-sweep`, not {type(tree).__name__}",))
    return tree


def _typed(tree: CommentedMap, lines: _Mistakes) -> SweepPlan | None:
    try:
        return SweepPlan.model_validate(_plain(tree))
    except ValidationError as error:
        seen: set[Where] = set()
        for item in error.errors():
            where = tuple(part for part in item["loc"] if part not in ("str", "ModelChoice", "int", "float", "bool"))
            if where not in seen:
                seen.add(where)
                _tell(item, where, lines)
        return None


def _tell(item: ErrorDetails, where: Where, lines: _Mistakes) -> None:
    if item["type"] == "extra_forbidden":
        known = SweepPlan.model_fields if len(where) == 1 else _fields_at(where)
        lines.unknown(where, str(where[-1]), known, kind="field")
    elif item["type"] == "missing":
        lines.add(where, "is missing; every sweep needs it")
    else:
        message = str(item["msg"]).removeprefix("Value error, ")
        lines.add(where, f"{message} (found {item['input']!r})")


def _fields_at(where: Where) -> Iterable[str]:
    models = {"measure": Measure, "overrides": Override, "models": ModelChoice}
    model = models.get(str(where[0]))
    return model.model_fields if model else ()


def _plain(node: Any) -> Any:
    """Turn ruamel's values into plain ones."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    for plain in (bool, int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node


def _model(
    choice: str | ModelChoice, where: Where, path: Path, catalogue: Catalogue, lines: _Mistakes
) -> ModelReference | None:
    if isinstance(choice, str):
        if choice in catalogue.models:
            family = catalogue.models[choice].family
            return ModelReference(name=choice, source="zoo", location=choice, family=family)
        if choice.startswith((".", "/", "~")):
            return _folder(ModelChoice(path=choice), where, path, catalogue, lines)
        if "/" in choice:
            lines.add(where, f"a hub model needs its family: {{id: {choice}, family: ...}}")
        else:
            lines.unknown(where, choice, catalogue.models, kind="model")
        return None
    if choice.family is not None and choice.family not in catalogue.families:
        lines.unknown((*where, "family"), choice.family, catalogue.families, kind="family")
        return None
    if (choice.id is None) == (choice.path is None):
        lines.add(where, "needs either `id` (a hub model) or `path` (a folder)")
        return None
    if choice.path is not None:
        return _folder(choice, where, path, catalogue, lines)
    if choice.family is None:
        lines.add(where, f"a hub model needs its family, one of {', '.join(sorted(catalogue.families))}")
        return None
    location = str(choice.id)
    return ModelReference(
        name=choice.name or location, source="hub", location=location, family=choice.family, revision=choice.revision
    )


def _folder(
    choice: ModelChoice, where: Where, path: Path, catalogue: Catalogue, lines: _Mistakes
) -> ModelReference | None:
    """Resolve a local folder, relative to the sweep file; its family comes from config.json where it is not given."""
    folder = Path(str(choice.path)).expanduser()
    folder = folder if folder.is_absolute() else (path.parent / folder).resolve()
    family = choice.family or _family(folder, catalogue)
    if not folder.is_dir():
        lines.add(where, f"there is no folder {folder}")
    elif family is None:
        known = ", ".join(sorted(catalogue.families))
        lines.add(where, f"no family can be told from {folder}/config.json; give one: family: {known}")
    else:
        return ModelReference(name=choice.name or folder.name, source="folder", location=str(folder), family=family)
    return None


def _family(folder: Path, catalogue: Catalogue) -> str | None:
    try:
        architectures = json.loads((folder / "config.json").read_text()).get("architectures") or []
    except (OSError, ValueError, AttributeError):
        return None
    for entry in catalogue.families.values():
        if any(name.endswith(entry.architectures) for name in architectures):
            return entry.name
    return None


def _check_names(plan: SweepPlan, catalogue: Catalogue, lines: _Mistakes) -> None:
    for i, name in enumerate(plan.platforms):
        if name not in catalogue.platforms:
            lines.unknown(("platforms", i), name, catalogue.platforms, kind="platform")
    precisions = {FAST, *(word for entry in catalogue.platforms.values() for word in entry.precisions)}
    for i, word in enumerate(plan.precision):
        if word not in precisions:
            lines.unknown(("precision", i), word, precisions, kind="precision")
    for platform, options in plan.options.items():
        if platform not in catalogue.platforms:
            lines.unknown(("options", platform), platform, catalogue.platforms, kind="platform")
            continue
        for name in options:
            if name not in catalogue.platforms[platform].options:
                known = catalogue.platforms[platform].options
                lines.unknown(("options", platform, name), name, known, kind=f"option of {platform}")


def _check_cells(
    plan: SweepPlan, models: list[ModelReference], catalogue: Catalogue, lines: _Mistakes
) -> None:
    """Check what `exclude` and `overrides` name, and that overridden measuring still makes sense."""
    conditions = [(("exclude", i), item) for i, item in enumerate(plan.exclude)]
    conditions += [(("overrides", i, "where"), item.where) for i, item in enumerate(plan.overrides)]
    known = {"model": {model.name for model in models}, "platform": set(catalogue.platforms)}
    for where, condition in conditions:
        for axis, value in condition.items():
            if axis not in WHERE:
                lines.unknown((*where, axis), axis, WHERE, kind="axis")
            elif axis in known and str(value) not in known[axis]:
                lines.unknown((*where, axis), str(value), known[axis], kind=axis)
    for i, override in enumerate(plan.overrides):
        try:
            Measure.model_validate(plan.measure.model_dump() | override.measure)
        except ValidationError as error:
            for item in error.errors():
                _tell(item, ("overrides", i, "measure", *item["loc"]), lines)
