"""A plan becomes cells: every model x platform x setting, each with what it needs. Pure."""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from farm.contract.job import JobSpec, Measure, ModelReference
from farm.contract.requirement import NUMERIC_FACTS, Requirement
from farm.contract.value import Scalar
from farm.sweeps.catalogue import Catalogue, FamilyEntry, PlatformEntry
from farm.sweeps.load import FAST, LoadedSweep
from farm.sweeps.plan import Require, SweepPlan


class Cell(NamedTuple):
    """One job to be, with the reason if its platform cannot run it by its nature."""

    spec: JobSpec
    unsupported: str | None


def expand(sweep: LoadedSweep, catalogue: Catalogue) -> tuple[Cell, ...]:
    """Give every cell once, in the order of the file: models first. An axis without meaning for a family is dropped."""
    cells: dict[tuple[str, str], Cell] = {}
    for model in sweep.models:
        for name in sweep.plan.platforms:
            for cell in _of_pair(sweep.plan, model, catalogue.platforms[name], catalogue=catalogue):
                cells.setdefault((cell.spec.fingerprint(), cell.spec.requirement.queue()), cell)
    return tuple(cells.values())


def _of_pair(
    plan: SweepPlan, model: ModelReference, platform: PlatformEntry, *, catalogue: Catalogue
) -> Iterator[Cell]:
    family = catalogue.families[model.family]
    lengths = plan.sequence_length if "sequence_length" in family.axes else (None,)
    outputs = plan.new_tokens if "new_tokens" in family.axes else (None,)
    precisions = dict.fromkeys(platform.fast_precision if word == FAST else word for word in plan.precision)
    axes = (precisions, plan.batch_size, lengths, outputs, plan.scenario, _options(plan, platform.name))
    for precision, batch_size, length, new_tokens, scenario, options in itertools.product(*axes):
        spec = JobSpec(
            model=model,
            platform=platform.name,
            precision=precision,
            scenario=scenario,
            batch_size=batch_size,
            sequence_length=length,
            new_tokens=new_tokens,
            options=options,
            seed=plan.seed,
            requirement=_requirement(plan.require, platform),
        )
        facts = _facts(spec)
        if not any(_matches(facts, condition) for condition in plan.exclude):
            yield Cell(_overridden(spec, plan, facts), _why_not(spec, family, platform))


def _options(plan: SweepPlan, platform: str) -> list[dict[str, Scalar]]:
    chosen = plan.options.get(platform, {})
    return [dict(zip(chosen, values, strict=True)) for values in itertools.product(*chosen.values())]


def _requirement(require: Require, platform: PlatformEntry) -> Requirement:
    wanted = require.model_dump(include=set(NUMERIC_FACTS), exclude_none=True)
    return Requirement(
        tags=(*platform.tags, *require.tags), minimum=wanted, machine=require.machine
    ).canonical()


def _facts(spec: JobSpec) -> dict[str, Scalar | None]:
    return {
        "model": spec.model.name,
        "platform": spec.platform,
        "precision": spec.precision,
        "batch_size": spec.batch_size,
        "sequence_length": spec.sequence_length,
        "new_tokens": spec.new_tokens,
        "scenario": spec.scenario,
    }


def _matches(facts: Mapping[str, Scalar | None], condition: Mapping[str, Scalar]) -> bool:
    return all(facts.get(axis) == value for axis, value in condition.items())


def _overridden(spec: JobSpec, plan: SweepPlan, facts: Mapping[str, Scalar | None]) -> JobSpec:
    measure, timeout = plan.measure.model_dump(), plan.timeout
    for override in plan.overrides:
        if _matches(facts, override.where):
            measure |= override.measure
            timeout = override.timeout or timeout
    return spec.model_copy(update={"measure": Measure.model_validate(measure), "timeout": timeout})


def _why_not(spec: JobSpec, family: FamilyEntry, platform: PlatformEntry) -> str | None:
    """Say why a cell cannot be run anywhere."""
    if family.platforms and platform.name not in family.platforms:
        return f"the {family.name} family runs only on {', '.join(family.platforms)}"
    if platform.name == "fake" and not family.platforms:
        return "the fake platform runs only the fake model"
    if spec.precision not in platform.precisions:
        return f"{platform.name} has no {spec.precision}; it has {', '.join(platform.precisions)}"
    return None
