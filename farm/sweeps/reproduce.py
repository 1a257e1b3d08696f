"""One job as a sweep file of its own, which makes the same job again.

In: the job's spec. Out: YAML that loads and expands to one cell of the same fingerprint.
"""

import io
from collections.abc import Mapping
from typing import Any, Final

from ruamel.yaml import YAML

from farm.contract.job import JobSpec, ModelReference
from farm.contract.value import Value
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.plan import SweepPlan

#: The axes that a family may lack; those it lacks are None in its jobs.
LENGTHS: Final = ("sequence_length", "new_tokens")


def as_sweep(spec: JobSpec, catalogue: Catalogue, *, name: str, labels: Mapping[str, str]) -> str:
    """Write a sweep of this one job."""
    platform = catalogue.platforms.get(spec.platform)
    own = platform.tags if platform else ()
    require: dict[str, Any] = {
        "tags": [tag for tag in spec.requirement.tags if tag not in own],
        **spec.requirement.minimum,
        "machine": spec.requirement.machine,
    }
    sweep: dict[str, Any] = {
        "name": name,
        "models": [_model(spec.model)],
        "platforms": [spec.platform],
        "precision": [spec.precision],
        "scenario": [spec.scenario],
        **_settings(spec),
        "batch_size": [spec.batch_size],
        **{axis: [length] for axis in LENGTHS if (length := getattr(spec, axis)) is not None},
        "options": {spec.platform: dict(sorted(spec.options.items()))} if spec.options else {},
        "require": {key: value for key, value in require.items() if value},
        "measure": spec.measure.model_dump(),
        "timeout": spec.timeout,
        "seed": spec.seed,
        "labels": dict(labels),
    }
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump({key: value for key, value in sweep.items() if value not in ({}, [])}, stream)
    return stream.getvalue()


def _settings(spec: JobSpec) -> dict[str, Any]:
    """Give the settings that a job and a sweep have under one name, such as those of a scenario."""
    shared = [name for name in SweepPlan.model_fields if name in JobSpec.model_fields]
    values = {name: getattr(spec, name) for name in shared if name != "measure"}
    return {
        name: value.model_dump(mode="json", exclude_none=True)
        for name, value in values.items()
        if isinstance(value, Value)
    }


def _model(model: ModelReference) -> str | dict[str, str]:
    if model.source == "zoo":
        return model.name
    where = {"path" if model.source == "folder" else "id": model.location}
    revision = {"revision": model.revision} if model.revision else {}
    return {**where, **revision, "name": model.name, "family": model.family}
