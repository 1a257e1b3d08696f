"""How a sweep names its models: a name of the zoo, a hub id, a folder, or a mapping that says more.

In: one item of `models`. Out: a ModelReference with its family, or None with the mistake noted.
"""

import json
import re
from pathlib import Path
from typing import Final, NamedTuple

from farm.contract.job import ModelReference
from farm.contract.meant import nearest
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.document import Node, fields, text, word
from farm.sweeps.mistakes import Mistakes

KEYS: Final = ("name", "id", "path", "family", "revision")
HUB_ID: Final = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


class _Said(NamedTuple):
    """What a sweep says of one model, before anything is looked up."""

    node: Node
    name: str | None
    family: str | None
    revision: str | None


class ModelReader:
    """Reads model items. Folders are relative to the sweep file's own folder."""

    def __init__(self, catalogue: Catalogue, mistakes: Mistakes, *, folder: Path) -> None:
        """Keep what every item is read against."""
        self._catalogue = catalogue
        self._mistakes = mistakes
        self._folder = folder

    def read(self, node: Node) -> ModelReference | None:
        """Read one item."""
        if node.is_mapping:
            return self._mapping(node)
        spelled = text(node, self._mistakes)
        if spelled is None:
            return None
        said = _Said(node, None, None, None)
        if spelled in self._catalogue.models:
            return self._zoo(said, spelled)
        if spelled.startswith((".", "/", "~")):
            return self._on_disk(said, spelled)
        if HUB_ID.fullmatch(spelled):
            return self._hub(said, spelled)
        self._mistakes.add(node.line, node.field, self._no_such_model(spelled))
        return None

    def _mapping(self, node: Node) -> ModelReference | None:
        before = self._mistakes.count()
        given = fields(node, self._mistakes, known=KEYS)
        texts = {key: text(each, self._mistakes) for key, each in given.items() if key != "family"}
        family = self._family(given["family"]) if "family" in given else None
        if self._mistakes.count() > before:
            return None
        said = _Said(node, texts.get("name"), family, texts.get("revision"))
        hub_id, path = texts.get("id"), texts.get("path")
        if said.revision and not hub_id:
            self._mistakes.add(node.line, node.field, "revision belongs to a hub id; give `id: org/name` too")
        elif hub_id and path:
            self._mistakes.add(node.line, node.field, "both id and path were given; a model is one or the other")
        elif hub_id and not HUB_ID.fullmatch(hub_id):
            self._mistakes.add(given["id"].line, given["id"].field, f"{hub_id!r} is no hub id; it looks like org/name")
        elif hub_id:
            return self._hub(said, hub_id)
        elif path:
            return self._on_disk(said, path)
        else:
            return self._named(said)
        return None

    def _named(self, said: _Said) -> ModelReference | None:
        if said.name is None:
            what = "a model needs a name of the zoo, an id (hub) or a path (folder)"
        elif said.name not in self._catalogue.models:
            what = self._no_such_model(said.name)
        elif said.family:
            what = f"the family of {said.name} is known; leave `family` out, or give an id or a path"
        else:
            return self._zoo(said, said.name)
        self._mistakes.add(said.node.line, said.node.field, what)
        return None

    def _family(self, node: Node) -> str | None:
        return word(node, self._mistakes, known=self._catalogue.families, what="family")

    def _zoo(self, said: _Said, name: str) -> ModelReference:
        del said
        return ModelReference(name=name, source="zoo", location=name, family=self._catalogue.models[name].family)

    def _hub(self, said: _Said, hub_id: str) -> ModelReference | None:
        published = {entry.stands_for: entry.family for entry in self._catalogue.models.values()}
        family = said.family or published.get(hub_id)
        if family is None:
            what = (
                f"{hub_id} is a hub id, and its family must be said: {{id: {hub_id}, family: FAMILY}}; "
                f"families: {', '.join(self._catalogue.families)}"
            )
            self._mistakes.add(said.node.line, said.node.field, what)
            return None
        name = said.name or hub_id
        return ModelReference(name=name, source="hub", location=hub_id, family=family, revision=said.revision)

    def _on_disk(self, said: _Said, spelled: str) -> ModelReference | None:
        path = (self._folder / Path(spelled).expanduser()).resolve()
        wrong = _wrong_folder(path)
        if wrong:
            self._mistakes.add(said.node.line, said.node.field, f"{spelled}: {wrong}")
            return None
        family = said.family or self._inferred(said, path)
        if family is None:
            return None
        return ModelReference(name=said.name or path.name, source="folder", location=str(path), family=family)

    def _inferred(self, said: _Said, path: Path) -> str | None:
        architectures = _architectures(path / "config.json")
        family = self._catalogue.family_of(architectures)
        if family is None:
            named = f"architectures {', '.join(architectures)}" if architectures else "no architectures"
            what = (
                f"no family can be inferred: config.json names {named}; "
                f"say it: {{path: {path}, family: FAMILY}}; families: {', '.join(self._catalogue.families)}"
            )
            self._mistakes.add(said.node.line, said.node.field, what)
        return family

    def _no_such_model(self, spelled: str) -> str:
        said = f"{spelled!r} is no model of the zoo"
        if (self._folder / spelled).is_dir():
            return f"{said}; for the folder of that name write ./{spelled}"
        return f"{said}; {nearest(spelled, self._catalogue.models)}; or a hub id org/name, or a folder ./name"


def _wrong_folder(path: Path) -> str | None:
    """Say why a path is no model folder; None when it is one."""
    if not path.exists():
        return f"the folder {path} does not exist"
    if not path.is_dir():
        return f"{path} is a file; a model is a folder with a config.json"
    config = path / "config.json"
    if not config.is_file():
        return f"the folder {path} has no config.json; a model folder is what save_pretrained writes"
    try:
        content = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"{config} is no valid JSON: {error}"
    return None if isinstance(content, dict) else f"{config} is no JSON object"


def _architectures(config: Path) -> tuple[str, ...]:
    named = json.loads(config.read_text(encoding="utf-8")).get("architectures")
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()
