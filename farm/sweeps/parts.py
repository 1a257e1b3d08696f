"""The parts of a sweep that are mappings of their own: where, options, require, measure and overrides."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from farm.contract.job import Measure
from farm.contract.meant import nearest
from farm.contract.requirement import NUMERIC_FACTS
from farm.contract.value import Scalar
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.document import LONGEST_TEXT, Node, entries, fields, many, positive, text, whole, word
from farm.sweeps.mistakes import Mistakes
from farm.sweeps.plan import WHERE_AXES, Override, Require, Where

OVERRIDE_KEYS: Final = (
    "where",
    "batch_size",
    "sequence_length",
    "new_tokens",
    "options",
    "require",
    "measure",
    "timeout",
    "seed",
)
REQUIRE_KEYS: Final = ("tags", "machine", *NUMERIC_FACTS)


class PartReader:
    """Reads the parts against the axes that the sweep has; `allowed` names the values of each axis it knows."""

    def __init__(self, catalogue: Catalogue, mistakes: Mistakes, *, allowed: Mapping[str, tuple[Scalar, ...]]) -> None:
        """Keep what every part is read against. An axis left out of `allowed` had mistakes and is not checked."""
        self._catalogue = catalogue
        self._mistakes = mistakes
        self._allowed = allowed
        self._options = {name: entry.options for name, entry in catalogue.platforms.items()}

    def where(self, node: Node) -> Where | None:
        """Read the axes and values that a cell must have."""
        known = [*WHERE_AXES, *dict.fromkeys(name for options in self._options.values() for name in options)]
        found = {axis: self._values(each, axis) for axis, each in fields(node, self._mistakes, known=known).items()}
        if node.is_mapping and not entries(node, self._mistakes):
            self._mistakes.add(node.line, node.field, f"it names no axis; allowed: {', '.join(WHERE_AXES)}")
        return found or None

    def options(self, node: Node) -> dict[str, dict[str, tuple[Scalar, ...]]]:
        """Read options by platform; each may be a list, which makes it an axis."""
        found: dict[str, dict[str, tuple[Scalar, ...]]] = {}
        platforms = self._allowed.get("platform", tuple(self._options))
        for platform, options in entries(node, self._mistakes):
            if platform in platforms and isinstance(platform, str):
                found[platform] = self._platform_options(options, platform)
            else:
                said = "no platform of this sweep" if platform in self._options else "no platform"
                self._mistakes.add(
                    options.line, options.field, f"{platform!r} is {said}; {nearest(platform, _words(platforms))}"
                )
        return found

    def require(self, node: Node) -> Require:
        """Read what a machine must have."""
        given = fields(node, self._mistakes, known=REQUIRE_KEYS)
        least = {name: positive(given[name], self._mistakes) for name in NUMERIC_FACTS if name in given}
        return Require(
            tags=many(given["tags"], self._mistakes, self._text) if "tags" in given else (),
            minimum={name: value for name, value in least.items() if value is not None},
            machine=self._text(given["machine"]) if "machine" in given else None,
        )

    def measure(self, node: Node, base: Measure | None) -> dict[str, float | int]:
        """Read how to measure, to be put over `base`; without one, floors and ceilings are not compared."""
        given = fields(node, self._mistakes, known=[*Measure.model_fields])
        values: dict[str, Any] = {name: each.value for name, each in given.items()}
        before = self._mistakes.count()
        for item in _wrong_measures({**(base or Measure()).model_dump(), **values}):
            if item["loc"]:
                about = given[str(item["loc"][0])]
                del values[str(item["loc"][0])]
                self._mistakes.add(about.line, about.field, f"found {about.found()}; it {_needs(item['msg'])}")
        if base is not None:
            for item in _wrong_measures({**base.model_dump(), **values}):
                reason = item["msg"].removeprefix("Value error, ")
                if not any(name in reason for name in given.keys() - values.keys()):
                    self._mistakes.add(node.line, node.field, reason)
        return values if self._mistakes.count() == before else {}

    def override(self, node: Node, base: Measure | None) -> Override | None:
        """Read one override."""
        before = self._mistakes.count()
        given = fields(node, self._mistakes, known=OVERRIDE_KEYS)
        where = self.where(given["where"]) if "where" in given else None
        if node.is_mapping and "where" not in given:
            self._mistakes.add(node.line, node.field, "it needs a where, such as {where: {model: gpt2}, timeout: 60}")
        elif node.is_mapping and len(given) == 1 and self._mistakes.count() == before:
            rest = ", ".join(key for key in OVERRIDE_KEYS if key != "where")
            self._mistakes.add(node.line, node.field, f"it changes nothing; allowed beside where: {rest}")
        numbers = {
            key: whole(given[key], self._mistakes, least=least)
            for key, least in (("batch_size", 1), ("sequence_length", 1), ("new_tokens", 1), ("seed", 0))
            if key in given
        }
        timeout = positive(given["timeout"], self._mistakes) if "timeout" in given else None
        options = self._single_options(given["options"]) if "options" in given else {}
        require = self.require(given["require"]) if "require" in given else None
        measure = self.measure(given["measure"], base) if "measure" in given else {}
        if where is None or self._mistakes.count() > before:
            return None
        return Override(where=where, timeout=timeout, options=options, require=require, measure=measure, **numbers)

    def _values(self, node: Node, axis: str) -> tuple[Scalar, ...]:
        def read(each: Node) -> Scalar | None:
            allowed = self._allowed.get(axis)
            if each.value is None:
                self._mistakes.add(each.line, each.field, f"found {each.found()}; a value of the axis {axis} is needed")
            elif allowed is not None and each.value not in allowed:
                known = nearest(each.text, _words(allowed))
                self._mistakes.add(each.line, each.field, f"{each.text!r} is no {axis} of this sweep; {known}")
            return each.value

        return many(node, self._mistakes, read)

    def _platform_options(self, node: Node, platform: str) -> dict[str, tuple[Scalar, ...]]:
        known = self._options[platform]

        def values_of(name: str, each: Node) -> tuple[Scalar, ...]:
            return many(each, self._mistakes, lambda item: self._option(item, known[name], choices.get(name)))

        choices = self._catalogue.platforms[platform].choices
        given = fields(node, self._mistakes, known=[*known])
        found = {name: values_of(name, each) for name, each in given.items()}
        return {name: values for name, values in found.items() if values}

    def _single_options(self, node: Node) -> dict[str, dict[str, Scalar]]:
        found: dict[str, dict[str, Scalar]] = {}
        for platform, options in self.options(node).items():
            found[platform] = {name: values[0] for name, values in options.items()}
            for name, values in options.items():
                if len(values) > 1:
                    field = f"{node.field}.{platform}.{name}"
                    self._mistakes.add(node.line, field, "found a list; an override sets one value")
        return found

    def _option(self, node: Node, default: Scalar, choices: tuple[str, ...] | None) -> Scalar | None:
        """Read an option: of the type of its default, where a whole number may stand for a float; counts from 0."""
        value = node.value
        wanted = type(default)
        fits = isinstance(value, int | float) if wanted is float else isinstance(value, wanted)
        fits = fits and isinstance(value, bool) == isinstance(default, bool)
        if fits and not (wanted is int and int(value or 0) < 0) and (choices is None or value in choices):
            return float(node.text) if wanted is float else value
        kinds = {bool: "true or false", int: "a whole number, 0 or more,", float: "a number", str: "a word"}
        if fits and choices is not None:
            self._mistakes.add(node.line, node.field, f"{value!r} is none of its values; {nearest(node.text, choices)}")
        else:
            self._mistakes.add(
                node.line, node.field, f"found {node.found()}; {kinds[wanted]} is needed (default {default})"
            )
        return None

    def _text(self, node: Node) -> str | None:
        return text(node, self._mistakes)


def read_labels(node: Node, mistakes: Mistakes) -> dict[str, str]:
    """Read labels. A value stays as it is written: a commit of digits is no number."""
    found: dict[str, str] = {}
    for name, each in entries(node, mistakes):
        if each.is_mapping or each.is_list or not each.text:
            mistakes.add(each.line, each.field, f"found {each.found()}; the value of a label is a word or a number")
        elif not all(word.isprintable() and len(word) <= LONGEST_TEXT for word in (name, each.text)):
            said = f"a label is at most {LONGEST_TEXT} printable characters, and so is its name"
            mistakes.add(each.line, each.field, f"found {each.text[:LONGEST_TEXT]!r}; {said}")
        else:
            found[name] = each.text
    return found


def read_words(node: Node, mistakes: Mistakes, *, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Read a list of known words."""
    return many(node, mistakes, lambda each: word(each, mistakes, known=known, what=what))


def _wrong_measures(values: dict[str, Any]) -> list[Any]:
    try:
        Measure.model_validate(values, strict=True)
    except ValidationError as error:
        return [*error.errors()]
    return []


def _words(values: tuple[Scalar, ...]) -> list[str]:
    return [str(value) for value in values]


def _needs(message: str) -> str:
    """Turn the checker's words into ours."""
    return message.replace("Input should be", "must be")
