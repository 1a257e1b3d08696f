"""A YAML file as nodes that know their line and their field, and readers that check one value each.

Every reader notes what is wrong with a value and gives None for it, so that reading goes on to the next mistake.
"""

import math
from collections.abc import Callable, Collection, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from farm.contract.meant import nearest
from farm.contract.value import Scalar
from farm.sweeps.mistakes import Mistakes

LONGEST_TEXT: Final = 200  # characters of a name; the database keeps 255

_TYPED: Final = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
_MERGE: Final = "tag:yaml.org,2002:merge"
_YAML: Final = YAML(typ="safe", pure=True)

T = TypeVar("T")


class Node(NamedTuple):
    """One place of the file."""

    raw: Any  # ruamel's node; only this module looks inside
    field: str
    value: Scalar | None  # of a scalar; None otherwise
    line: int  # from 1: that of its key, where it has one

    @property
    def is_mapping(self) -> bool:
        """Say whether it is a mapping."""
        return isinstance(self.raw, MappingNode)

    @property
    def is_list(self) -> bool:
        """Say whether it is a list."""
        return isinstance(self.raw, SequenceNode)

    @property
    def text(self) -> str:
        """The characters of a scalar as they stand in the file."""
        return str(self.raw.value) if isinstance(self.raw, ScalarNode) else ""

    def found(self) -> str:
        """Say what stands here."""
        if self.is_mapping:
            return "a mapping"
        if self.is_list:
            return "a list"
        if self.value is None:
            return "nothing"
        return repr(self.text) if isinstance(self.value, str) else self.text


def open_document(path: Path, mistakes: Mistakes) -> Node | None:
    """Parse a file into its outermost node; None when it cannot be read or is no YAML mapping."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        mistakes.add(1, "", "the file does not exist")
        return None
    except (OSError, UnicodeDecodeError) as error:
        mistakes.add(1, "", f"the file cannot be read: {error}")
        return None
    try:
        raw = YAML(typ="safe", pure=True).compose(StringIO(source))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        mistakes.add(mark.line + 1 if mark else 1, "", f"this is no valid YAML: {error.problem or error.context}")
        return None
    except YAMLError as error:
        mistakes.add(1, "", f"this is no valid YAML: {' '.join(str(error).split())}")
        return None
    if not isinstance(raw, MappingNode):
        what = "the file is empty" if raw is None else f"found {_node(raw, '', line=1).found()}"
        mistakes.add(1, "", f"{what}; a sweep is a mapping with at least name, models and platforms")
        return None
    return _node(raw, "", line=_line(raw))


def fields(node: Node, mistakes: Mistakes, *, known: Sequence[str]) -> dict[str, Node]:
    """Read a mapping with known keys; unknown and repeated keys are noted and left out."""
    found: dict[str, Node] = {}
    for key, each in entries(node, mistakes):
        if key in known:
            found[key] = each
        else:
            mistakes.add(each.line, node.field or key, f"there is no field {key!r} here; {nearest(key, known)}")
    return found


def entries(node: Node, mistakes: Mistakes) -> list[tuple[str, Node]]:
    """Read a mapping with any keys; repeated ones are noted and left out."""
    if not node.is_mapping:
        mistakes.add(node.line, node.field, f"found {node.found()}; a mapping is needed, such as {{key: value}}")
        return []
    found: dict[str, Node] = {}
    for key, each in _pairs(node.raw):
        name = str(key.value) if isinstance(key, ScalarNode) else "?"
        field = f"{node.field}.{name}" if node.field else name
        if name in found:
            before = found[name].line
            mistakes.add(_line(key), field, f"it was given before, in line {before}; each key stands once")
            continue
        found[name] = _node(each, field, line=_line(key))
    return [*found.items()]


def many(node: Node, mistakes: Mistakes, read: Callable[[Node], T | None]) -> tuple[T, ...]:
    """Read a list, or a single value as a list of one; what `read` refuses is left out, repetitions are merged."""
    if node.is_list and not node.raw.value:
        mistakes.add(node.line, node.field, "the list is empty; at least one value is needed")
    found: list[T] = []
    for each in items(node):
        value = read(each)
        if value is not None and value not in found:
            found.append(value)
    return tuple(found)


def items(node: Node) -> list[Node]:
    """Give the items of a list; anything else counts as its own only item."""
    if not node.is_list:
        return [node]
    return [_node(each, f"{node.field}[{index}]", line=_line(each)) for index, each in enumerate(node.raw.value)]


def word(node: Node, mistakes: Mistakes, *, known: Collection[str], what: str) -> str | None:
    """Read one of the known words."""
    if isinstance(node.value, str) and node.value in known:
        return node.value
    said = f"{node.text!r} is no {what}" if node.text else f"found {node.found()}, where a {what} is needed"
    mistakes.add(node.line, node.field, f"{said}; {nearest(node.text, known)}")
    return None


def text(node: Node, mistakes: Mistakes) -> str | None:
    """Read a short text; a number counts as the characters it is written with."""
    content = node.text.strip() if node.value is not None else ""
    if 0 < len(content) <= LONGEST_TEXT and content.isprintable():
        return content
    said = f"a text of {len(node.text)} characters" if len(node.text) > LONGEST_TEXT else node.found()
    mistakes.add(node.line, node.field, f"found {said}; a text of 1 to {LONGEST_TEXT} printable characters is needed")
    return None


def whole(node: Node, mistakes: Mistakes, *, least: int, most: int | None = None) -> int | None:
    """Read a whole number."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= (value if most is None else most):
        return value
    limit = f"of {least} or more" if most is None else f"from {least} to {most}"
    mistakes.add(node.line, node.field, f"found {node.found()}; a whole number {limit} is needed")
    return None


def positive(node: Node, mistakes: Mistakes) -> float | None:
    """Read a finite number above 0."""
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    mistakes.add(node.line, node.field, f"found {node.found()}; a number above 0 is needed")
    return None


def yes_or_no(node: Node, mistakes: Mistakes) -> bool | None:
    """Read true or false."""
    if isinstance(node.value, bool):
        return node.value
    mistakes.add(node.line, node.field, f"found {node.found()}; true or false is needed")
    return None


def _pairs(raw: MappingNode) -> list[tuple[Any, Any]]:
    """Give a mapping's own pairs, then those merged in with `<<` that it does not have itself."""
    own = [(key, value) for key, value in raw.value if key.tag != _MERGE]
    names = {key.value for key, _ in own if isinstance(key, ScalarNode)}
    merged = [
        pair
        for key, value in raw.value
        if key.tag == _MERGE
        for source in (value.value if isinstance(value, SequenceNode) else [value])
        if isinstance(source, MappingNode)
        for pair in source.value
        if isinstance(pair[0], ScalarNode) and pair[0].value not in names
    ]
    return own + merged


def _line(raw: Any) -> int:
    return int(raw.start_mark.line) + 1


def _node(raw: Any, field: str, *, line: int) -> Node:
    value = None
    if isinstance(raw, ScalarNode):
        # Numbers, truth values and null become themselves. All else, dates and foreign tags too, is text.
        value = _YAML.constructor.construct_object(raw) if raw.tag in _TYPED else str(raw.value)
    return Node(raw, field, value, line)
