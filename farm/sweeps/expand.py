"""A plan becomes cells: the product of its axes, without what has no meaning, is excluded, or stands twice. Pure.

In: a checked SweepPlan. Out: one JobSpec per cell, model by model, with the reason where a cell cannot be run.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from farm.contract.job import JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.scenario import SERVER, THROUGHPUT, Scenario, Server, Throughput
from farm.contract.value import Scalar, Value
from farm.sweeps.catalogue import Catalogue, PlatformEntry
from farm.sweeps.plan import FAST, Override, SweepPlan, Where


class Cell(Value):
    """One cell of a sweep; `unsupported` says why it cannot be run by its nature, and is None when it can."""

    spec: JobSpec
    unsupported: str | None = None


class Draft(NamedTuple):
    """One cell as the axes give it, before overrides. An axis that the family has not is None (a batch: 1).

    Where the best batch is searched, its size is the least of the search, whatever the axis says.
    """

    model: ModelReference
    platform: str
    precision: str
    scenario: Scenario
    batch_size: int
    sequence_length: int | None
    new_tokens: int | None
    options: tuple[tuple[str, Scalar], ...]
    throughput: Throughput | None
    server: Server | None


def expand(plan: SweepPlan, catalogue: Catalogue) -> tuple[Cell, ...]:
    """Expand a plan: model by model, in the order of the file; equal cells are one."""
    cells: dict[str, Cell] = {}
    for draft in drafts(plan, catalogue):
        if not any(matches(where, draft, catalogue) for where in plan.exclude):
            spec = _spec(plan, draft, catalogue)
            cells.setdefault(spec.model_dump_json(), Cell(spec=spec, unsupported=_unsupported(spec, catalogue)))
    return tuple(cells.values())


def drafts(plan: SweepPlan, catalogue: Catalogue) -> tuple[Draft, ...]:
    """Give every cell of the axes, in order, each once, before anything is excluded or overridden."""
    return tuple(dict.fromkeys(_drafts(plan, catalogue)))


def matches(where: Where, draft: Draft, catalogue: Catalogue) -> bool:
    """Say whether a cell has one of the values for every axis that `where` names."""
    platform = catalogue.platforms[draft.platform]
    return all(_meets(name, values, draft, platform) for name, values in where.items())


def has_axis(catalogue: Catalogue, model: ModelReference, axis: str) -> bool:
    """Say whether an axis has a meaning for a model. In a family that the farm has no file for, none has."""
    family = catalogue.families.get(model.family)
    left_out = catalogue.models[model.location].without if model.source == "zoo" else ()
    return family is not None and axis in family.axes and axis not in left_out


def _meets(name: str, values: tuple[Scalar, ...], draft: Draft, platform: PlatformEntry) -> bool:
    if name == "model":
        return draft.model.name in values
    if name == "family":
        return draft.model.family in values
    if name == "precision":
        return draft.precision in values or (FAST in values and draft.precision == platform.fast_precision)
    if name in platform.options:
        return dict(draft.options).get(name, platform.options[name]) in values
    return name in Draft._fields and getattr(draft, name) in values


def _drafts(plan: SweepPlan, catalogue: Catalogue) -> Iterator[Draft]:
    for model, platform, precision, scenario in product(plan.models, plan.platforms, plan.precision, plan.scenario):
        entry = catalogue.platforms[platform]
        batched = has_axis(catalogue, model, "batch_size")
        throughput = _throughput(plan, batched=batched) if scenario == THROUGHPUT else None
        for batch, length, tokens, options, server in product(
            _batches(plan, throughput),
            plan.sequence_length,
            plan.new_tokens,
            _choices(plan.options.get(platform, {})),
            plan.server.each() if scenario == SERVER and plan.server else (None,),
        ):
            yield Draft(
                model=model,
                platform=platform,
                precision=entry.fast_precision if precision == FAST else precision,
                scenario=scenario,
                batch_size=batch if batched else 1,
                sequence_length=length if has_axis(catalogue, model, "sequence_length") else None,
                new_tokens=tokens if has_axis(catalogue, model, "new_tokens") else None,
                options=tuple(options.items()),
                throughput=throughput,
                server=server,
            )


def _throughput(plan: SweepPlan, *, batched: bool) -> Throughput | None:
    """Give how the batch is chosen; a model without batches has none to search."""
    asked = plan.throughput
    return asked if asked is None or batched else _unsearched(asked)


def _unsearched(asked: Throughput) -> Throughput | None:
    """Give what is left of the settings for a batch that is not searched."""
    return None if asked.memory_bytes is None else Throughput(memory_bytes=asked.memory_bytes)


def _batches(plan: SweepPlan, throughput: Throughput | None) -> tuple[int, ...]:
    if throughput is None or throughput.search_batch_size is None:
        return plan.batch_size
    return (throughput.search_batch_size[0],)


def _choices(options: Mapping[str, tuple[Scalar, ...]]) -> list[dict[str, Scalar]]:
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


def _spec(plan: SweepPlan, draft: Draft, catalogue: Catalogue) -> JobSpec:
    entry = catalogue.platforms[draft.platform]
    spec = JobSpec(
        model=draft.model,
        platform=draft.platform,
        precision=draft.precision,
        scenario=draft.scenario,
        throughput=draft.throughput,
        server=draft.server,
        batch_size=draft.batch_size,
        sequence_length=draft.sequence_length,
        new_tokens=draft.new_tokens,
        options=dict(draft.options),
        seed=plan.seed,
        measure=plan.measure,
        timeout=plan.timeout,
        requirement=Requirement(
            tags=(*entry.tags, *plan.require.tags), minimum=plan.require.minimum, machine=plan.require.machine
        ),
    )
    for override in plan.overrides:
        if matches(override.where, draft, catalogue):
            spec = _overridden(spec, override, catalogue)
    # A default that was spelled out is the same cell as one left unsaid.
    said = {name: value for name, value in spec.options.items() if value != entry.options.get(name)}
    return spec.model_copy(update={"options": said, "requirement": spec.requirement.canonical()})


def _overridden(spec: JobSpec, override: Override, catalogue: Catalogue) -> JobSpec:
    changed: dict[str, object] = {
        name: value
        for name in ("batch_size", "sequence_length", "new_tokens")
        if (value := getattr(override, name)) is not None and has_axis(catalogue, spec.model, name)
    }
    if "batch_size" in changed and spec.throughput is not None:  # a size that is said is not searched
        changed["throughput"] = _unsearched(spec.throughput)
    if override.timeout is not None:
        changed["timeout"] = override.timeout
    if override.seed is not None:
        changed["seed"] = override.seed
    if override.measure:
        changed["measure"] = measured(spec.measure, override)
    if override.require is not None:
        need, more = spec.requirement, override.require
        changed["requirement"] = Requirement(
            tags=(*need.tags, *more.tags),
            minimum={**need.minimum, **more.minimum},
            machine=more.machine or need.machine,
        )
    changed["options"] = {**spec.options, **override.options.get(spec.platform, {})}
    return spec.model_copy(update=changed)


def measured(measure: Measure, override: Override) -> Measure:
    """Change parts of how a cell is measured. Raises: pydantic's ValidationError when they do not go together."""
    return Measure.model_validate({**measure.model_dump(), **override.measure})


def _unsupported(spec: JobSpec, catalogue: Catalogue) -> str | None:
    family = catalogue.families.get(spec.model.family)
    platform = catalogue.platforms[spec.platform]
    if family is None:
        return f"there is no family {spec.model.family} in this version of the farm"
    if refusal := catalogue.refusal(family=family.name, platform=platform.name):
        return refusal
    if spec.precision not in platform.precisions:
        return f"{platform.name} has no {spec.precision}; it has {', '.join(platform.precisions)}"
    return None
