"""Runs single cells in the test's own process, over tiny models that are written once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from farm.contract import evidence
from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.result import Outcome
from farm.contract.value import Scalar
from tests.workers.families import Tiny, tiny_models
from workers import cell
from workers.engine import Array, LoadRequest, Platform
from workers.opening import OpenCell, open_cell
from workers.workload import Family, Workload

THREADS = 1  # on a busy machine, two threads of tiny models wait for one another most of the time
BATCH = 2
QUICK = Measure(min_iterations=3, max_iterations=3, min_seconds=0, max_seconds=5, warmup_seconds=0)
TINY = tiny_models()


class Opened(NamedTuple):
    """A tiny model loaded by a platform, with all that its family needs to use it."""

    spec: JobSpec
    platform: Platform
    family: Family
    request: LoadRequest
    engine: Any
    workload: Workload

    def answers(self, inputs: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """Compute what runtimes are compared by, for these inputs or its own."""
        given = self.request.example if inputs is None else inputs
        return self.family.answers(self.engine, given, self.spec, self.request.folder.path)


class Cells:
    """Tiny models on disk, and cells of them; a cell that was asked for before is not run again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._found: dict[str, OpenCell] = {}
        self._opened: dict[str, Opened] = {}
        self._outcomes: dict[str, tuple[Outcome, Outcome]] = {}

    def folder(self, model: str) -> Path:
        """Write the folder of a tiny model, once."""
        folder = self.root / "models" / model
        if not folder.exists():
            folder.mkdir(parents=True)
            build = tiny(model).build
            assert build is not None, f"{model} is the zoo's"
            build(folder)
        return folder

    def reference(self, model: str) -> ModelReference:
        """Refer to a tiny model."""
        family, known = TINY[model]
        if known.build is None:
            return ModelReference(name=model, source="zoo", location=model, family=family)
        return ModelReference(name=model, source="folder", location=str(self.folder(model)), family=family)

    def spec(self, platform: str, model: str, **changes: Any) -> JobSpec:
        """One cell of a tiny model, two items at a time."""
        known = tiny(model)
        plain: dict[str, Any] = {
            "model": self.reference(model),
            "platform": platform,
            "precision": "fp32",
            "batch_size": BATCH,
            "sequence_length": known.sequence_length,
            "new_tokens": known.new_tokens,
            "measure": QUICK,
            "requirement": Requirement(tags=(platform,)),
        }
        return JobSpec(**(plain | changes))

    def assignment(self, spec: JobSpec) -> Assignment:
        """What a worker would hand to its child."""
        return Assignment(spec=spec, cache_dir=str(self.root / "cache"), threads=THREADS, offline=True)

    def request(self, spec: JobSpec) -> tuple[Platform, Family, LoadRequest]:
        """Find platform and family, and say what is to be loaded; the inputs of a cell are made once."""
        key = spec.model_dump_json()
        if key not in self._found:
            self._found[key] = open_cell(self.assignment(spec))
        found = self._found[key]
        return found.platform, found.family, found.request()

    def opened(self, platform: str, model: str, **changes: Any) -> Opened:
        """Convert and load a tiny model."""
        spec = self.spec(platform, model, **changes)
        key = spec.model_dump_json()
        if key not in self._opened:
            runtime, family, request = self.request(spec)
            runtime.convert(request)
            runtime.ready(request)
            engine = runtime.load(request)
            workload = family.workload(engine, request.example, spec, request.folder.path)
            self._opened[key] = Opened(spec, runtime, family, request, engine, workload)
        return self._opened[key]

    def outcome(self, platform: str, model: str, **changes: Any) -> Outcome:
        """Prepare and measure a cell as a worker's children do."""
        spec = self.spec(platform, model, **changes)
        key = spec.model_dump_json()
        if key not in self._outcomes:
            given = self.assignment(spec)
            self._outcomes[key] = cell.prepare(given, lambda stage: None), cell.measure(given, lambda stage: None)
        return self._outcomes[key][1]

    def facts(self, platform: str, model: str, options: Mapping[str, Scalar]) -> dict[str, Any]:
        """Run a cell with options; give what it says of itself. It must agree with the reference."""
        found = self.outcome(platform, model, options=dict(options))
        assert failures(found) == {}
        return dict(found.facts)


def failures(outcome: Outcome) -> dict[str, str]:
    """Give the layers of evidence that did not pass, with their reasons.

    Plausibility is left out: a tiny model's time is that of its calls into the runtime, and hardly follows its work.
    """
    return {
        each.layer: each.reason
        for each in outcome.evidence
        if each.outcome != evidence.Outcome.PASS and each.layer != evidence.Layer.PLAUSIBILITY
    }


def tiny(model: str) -> Tiny:
    """Give a tiny model by its name."""
    return TINY[model][1]
