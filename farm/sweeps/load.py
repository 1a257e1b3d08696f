"""A sweep file becomes a plan; every mistake in it is reported at once, with its line and its field.

In: a YAML file and the catalogue. Out: a checked SweepPlan, or one SweepMistakes naming all that is wrong.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError

from farm.contract.job import Measure
from farm.contract.scenario import Scenario
from farm.contract.value import Scalar
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.document import Node, fields, items, many, open_document, positive, text, whole, yes_or_no
from farm.sweeps.expand import Draft, drafts, expand, has_axis, matches
from farm.sweeps.mistakes import Mistakes
from farm.sweeps.models import ModelReader
from farm.sweeps.parts import PartReader, read_labels, read_words
from farm.sweeps.plan import FAMILY_AXES, FAST, Override, SweepPlan, Where
from farm.sweeps.scenarios import check_scenarios, read_server, read_throughput

REQUIRED: Final = ("name", "models", "platforms")
KNOWN: Final = tuple(SweepPlan.model_fields)
MOST_URGENT: Final = 9

T = TypeVar("T")


def load_sweep(path: Path, catalogue: Catalogue) -> SweepPlan:
    """Load and check a sweep file.

    Raises: SweepMistakes with every mistake, as `file:line: field: what was found, what is allowed, nearest name`.
    """
    mistakes = Mistakes(path)
    document = open_document(path, mistakes)
    if document is None:
        mistakes.raise_all()
    return _Reading(document, catalogue, mistakes, folder=path.absolute().parent).plan()


class _Reading:
    """One reading of one file."""

    def __init__(self, document: Node, catalogue: Catalogue, mistakes: Mistakes, *, folder: Path) -> None:
        self._catalogue = catalogue
        self._mistakes = mistakes
        self._folder = folder
        self._given = fields(document, mistakes, known=KNOWN)
        for name in REQUIRED:
            if name not in self._given:
                mistakes.add(document.line, name, "it is missing; a sweep needs at least name, models and platforms")

    def plan(self) -> SweepPlan:
        """Read every part, then look at the whole."""
        axes = self._axes()
        parts = PartReader(self._catalogue, self._mistakes, allowed=self._allowed(axes))
        measure = self._measure(parts)
        exclude = self._each("exclude", parts.where)
        overrides = self._each("overrides", lambda node: parts.override(node, measure))
        values: dict[str, Any] = {
            **axes,
            **self._scalars(),
            **self._one("options", parts.options),
            **self._one("require", parts.require),
            **self._one("throughput", lambda node: read_throughput(node, self._mistakes)),
            **self._one("server", lambda node: read_server(node, self._mistakes)),
            **self._one("labels", lambda node: read_labels(node, self._mistakes)),
            "measure": measure,
            "exclude": tuple(where for _, where in exclude),
            "overrides": tuple(override for _, override in overrides),
        }
        if self._mistakes.count():
            self._mistakes.raise_all()
        plan = SweepPlan(**{name: value for name, value in values.items() if value is not None})
        self._check_whole(plan, exclude, overrides)
        if self._mistakes.count():
            self._mistakes.raise_all()
        return plan

    def _axes(self) -> dict[str, Any]:
        models = ModelReader(self._catalogue, self._mistakes, folder=self._folder)
        precisions = (*self._catalogue.precisions(), FAST)

        def words(known: tuple[str, ...], what: str) -> Callable[[Node], tuple[str, ...]]:
            return lambda node: read_words(node, self._mistakes, known=known, what=what)

        def sizes(node: Node) -> tuple[int, ...]:
            return many(node, self._mistakes, lambda each: whole(each, self._mistakes, least=1))

        axes: dict[str, Any] = {
            **self._one("models", lambda node: many(node, self._mistakes, models.read)),
            **self._one("platforms", words(tuple(self._catalogue.platforms), "platform")),
            **self._one("precision", words(precisions, "precision")),
            **self._one("scenario", words(get_args(Scenario), "scenario")),
        }
        for axis in FAMILY_AXES:
            axes |= self._one(axis, sizes)
        self._check_names(axes)
        if "scenario" in axes or "scenario" not in self._given:
            check_scenarios(axes.get("scenario", ("latency",)), self._given, self._mistakes)
        return axes

    def _check_names(self, axes: dict[str, Any]) -> None:
        names = [model.name for model in axes.get("models", ())]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            what = (
                f"{names.count(name)} different models are called {name}; give one a name: {{path: ..., name: other}}"
            )
            self._mistakes.add(self._given["models"].line, "models", what)

    def _allowed(self, axes: dict[str, Any]) -> dict[str, tuple[Scalar, ...]]:
        """Name the values of each axis; one that has mistakes is left out, so that none is reported twice."""
        models, platforms = axes.get("models"), axes.get("platforms")
        defaults = SweepPlan.model_fields
        allowed: dict[str, tuple[Scalar, ...] | None] = {
            "model": tuple(model.name for model in models) if models else None,
            "family": tuple({model.family: None for model in models}) if models else None,
            "platform": platforms,
            **{axis: axes.get(axis, defaults[axis].default) for axis in ("scenario", *FAMILY_AXES)},
        }
        precisions = axes.get("precision", defaults["precision"].default)
        if platforms and precisions:
            fast = [self._catalogue.platforms[name].fast_precision for name in platforms if FAST in precisions]
            allowed["precision"] = tuple(dict.fromkeys((*precisions, *fast, FAST)))
        return {axis: values for axis, values in allowed.items() if values}

    def _scalars(self) -> dict[str, Any]:
        return {
            **self._one("name", lambda node: text(node, self._mistakes)),
            **self._one("timeout", lambda node: positive(node, self._mistakes)),
            **self._one("priority", lambda node: whole(node, self._mistakes, least=0, most=MOST_URGENT)),
            **self._one("seed", lambda node: whole(node, self._mistakes, least=0)),
            **self._one("rerun_doubtful", lambda node: yes_or_no(node, self._mistakes)),
            **self._one("max_attempts", lambda node: whole(node, self._mistakes, least=1)),
            **self._one("max_running", lambda node: whole(node, self._mistakes, least=1)),
        }

    def _measure(self, parts: PartReader) -> Measure | None:
        """Read how to measure; None when that has mistakes."""
        if "measure" not in self._given:
            return Measure()
        before = self._mistakes.count()
        values = parts.measure(self._given["measure"], Measure())
        return Measure.model_validate(values) if self._mistakes.count() == before else None

    def _one(self, name: str, read: Callable[[Node], T]) -> dict[str, T]:
        """Read a field where it was given. What has mistakes is left out as a whole."""
        if name not in self._given:
            return {}
        before = self._mistakes.count()
        value = read(self._given[name])
        return {name: value} if self._mistakes.count() == before else {}

    def _each(self, name: str, read: Callable[[Node], T | None]) -> list[tuple[Node, T]]:
        nodes = items(self._given[name]) if name in self._given else []
        return [(node, value) for node in nodes if (value := read(node)) is not None]

    def _check_whole(
        self, plan: SweepPlan, exclude: list[tuple[Node, Where]], overrides: list[tuple[Node, Override]]
    ) -> None:
        """Look for exclusions and overrides that do nothing, and for a sweep without cells."""
        all_drafts = drafts(plan, self._catalogue)
        for node, where in exclude:
            self._check_matches(node, [draft for draft in all_drafts if matches(where, draft, self._catalogue)])
        kept = [
            draft for draft in all_drafts if not any(matches(where, draft, self._catalogue) for where in plan.exclude)
        ]
        if not kept:
            self._mistakes.add(self._given["exclude"].line, "exclude", "every cell of the sweep is excluded")
            return
        for node, override in overrides:
            matched = [draft for draft in kept if matches(override.where, draft, self._catalogue)]
            self._check_matches(node, matched)
            self._check_axes(node, override, matched)
        try:
            expand(plan, self._catalogue)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            self._mistakes.add(self._given["overrides"].line, "overrides", f"put together they do not fit: {reason}")

    def _check_matches(self, node: Node, matched: list[Draft]) -> None:
        if not matched:
            self._mistakes.add(node.line, node.field, "no cell of the sweep matches it, so it would do nothing")

    def _check_axes(self, node: Node, override: Override, matched: list[Draft]) -> None:
        for axis in FAMILY_AXES:
            sets = getattr(override, axis) is not None
            if sets and matched and not any(has_axis(self._catalogue, draft.model, axis) for draft in matched):
                families = ", ".join(dict.fromkeys(draft.model.family for draft in matched))
                self._mistakes.add(node.line, f"{node.field}.{axis}", f"{axis} has no meaning for {families}")
