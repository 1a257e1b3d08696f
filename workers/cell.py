"""One cell, from a model reference to an outcome: prepared in one process, measured in another.

In: an assignment. Out: readings, doubts, evidence and facts; each stage is announced as it begins.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import JsonValue

from farm.contract.job import Assignment
from farm.contract.result import Outcome, Reading
from farm.contract.states import Stage
from workers import meters
from workers.engine import Arrays, LoadRequest, ModelFolder, Platform
from workers.evidence import integrity, plausibility, questions
from workers.heads import head_of
from workers.measure.clock import clock
from workers.measure.sampling import SECOND, durations, sample
from workers.measure.warmup import warm_up
from workers.meter import Device, meters_in
from workers.models import resolve
from workers.pinning import pin
from workers.proving import Subject, Timed, prove, told
from workers.reference import reference
from workers.standing import Bench, stand
from workers.workload import Family

Say = Callable[[Stage], None]


class OpenCell(NamedTuple):
    """An assignment with everything that it names found: platform, family, model folder and inputs."""

    assignment: Assignment
    platform: Platform
    device: Device
    family: Family
    head: str
    folder: ModelFolder
    inputs: Arrays
    preprocessing: list[float]  # seconds of each try

    def bench(self) -> Bench:
        """Give the device whose roof this cell is seen against."""
        threads = max(self.assignment.threads, self.request().threads)
        return Bench(self.device, threads, Path(self.assignment.cache_dir))

    def request(self) -> LoadRequest:
        """Say what the platform is to load."""
        spec = self.assignment.spec
        return LoadRequest(
            folder=self.folder,
            head=self.head,
            precision=spec.precision,
            options=spec.options,
            threads=int(spec.options.get("threads") or self.assignment.threads),
            cache_dir=Path(self.assignment.cache_dir),
            example=self.inputs,
            gives=self.family.gives,
            new_tokens=spec.new_tokens or 0,
            seed=spec.seed + self.assignment.repeat,
        )


def prepare(assignment: Assignment, say: Say) -> Outcome:
    """Build or fetch the model, convert it, compute the reference answers, measure the roof: all that is cached.

    Raises: the JobFailures of models and platforms.
    """
    say(Stage.PREPARE)
    cell = open_cell(assignment)
    converted = cell.platform.convert(cell.request())
    if reference(cell.family, assignment.spec, cell.request()).work is not None:
        cell.bench().ready()
    times = {"build_time": [cell.folder.seconds], "conversion_time": [converted]}
    return Outcome(readings=_rows({name: taken for name, taken in times.items() if taken[0] > 0}))


def measure(assignment: Assignment, say: Say) -> Outcome:
    """Load the model, warm it up, time it, and gather the evidence.

    Raises: the JobFailures of models and platforms.
    """
    say(Stage.PREPARE)
    cell = open_cell(assignment)
    spec = assignment.spec
    request = cell.request()
    if spec.options.get("pin"):
        pin(request.threads)
    cell.platform.ready(request)
    posed, posing = _timed(lambda: questions.pose(cell.family, spec, folder=cell.folder.path, inputs=cell.inputs))
    seal = integrity.seal()
    say(Stage.LOAD)
    read = meters_in(meters, device=cell.device)
    for meter in read:
        meter.before_loading()
    engine, loaded = _timed(lambda: cell.platform.load(request))
    workload = cell.family.workload(engine, cell.inputs, spec, cell.folder.path)
    subject = Subject(spec, cell.family, request, engine, workload, posed)
    say(Stage.WARMUP)
    _, first = _timed(workload.call)
    doubts = warm_up(workload.call, seconds=spec.measure.warmup_seconds)
    say(Stage.MEASURE)
    others = {place: subject.bound(posed.inputs[number]) for place, number in posed.places.items()}
    for meter in read:
        meter.before_calls()
    attention, stretch = plausibility.AtWork(), integrity.Stretch()
    sampled = sample(workload, spec.measure, others=others)
    at_work, clocks = attention.share(), stretch.clocks()
    for meter in read:
        meter.after_calls()
    metered = [meter.readings(sampled.calls, batch_size=spec.batch_size) for meter in read]
    say(Stage.PROVE)
    began = clock()
    expected = reference(cell.family, spec, request)
    standing = stand(expected.work, spec, durations(sampled.calls), bench=cell.bench())
    on_device = engine.device_memory()
    evidence = prove(subject, Timed(sampled, at_work, integrity.broken(seal), clocks, standing), expected)
    readings: dict[str, list[float]] = {
        "load_time": [loaded],
        "first_inference_time": [first],
        "preprocessing_time": cell.preprocessing,
        **{name: samples for group in metered for name, samples in group.items()},
        **workload.readings(sampled.calls),
        **(standing.readings() if standing else {}),
        **{name: [figure] for name, figure in on_device.items()},
    }
    return Outcome(
        readings=_rows(readings),
        doubts=(*doubts, *sampled.doubts, *(standing.doubts() if standing else ())),
        evidence=evidence,
        facts=_facts(cell, engine)
        | {name: fact for meter in read for name, fact in meter.facts().items()}
        | (standing.facts() if standing else {})
        | {"proving_seconds": posing + (clock() - began) / SECOND},
    )


def open_cell(assignment: Assignment) -> OpenCell:
    """Find the model, its family and platform, and make the inputs."""
    spec = assignment.spec
    folder = resolve(
        spec.model,
        cache_dir=Path(assignment.cache_dir),
        model_roots=assignment.model_roots,
        remote_code=assignment.remote_code,
        offline=assignment.offline,
    )
    module = importlib.import_module(f"workers.families.{spec.model.family}")
    platform = importlib.import_module(f"workers.platforms.{spec.platform}")
    head = head_of(module.HEADS, folder.path)
    family: Family = getattr(module, "WORKLOADS_OF_HEAD", {}).get(head, module.WORKLOADS)
    inputs, preprocessing = family.inputs(folder.path, spec)
    return OpenCell(assignment, platform.PLATFORM, platform.DEVICE, family, head, folder, inputs, preprocessing)


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    began = clock()
    found = call()
    return found, (clock() - began) / SECOND


def _rows(readings: Mapping[str, list[float]]) -> tuple[Reading, ...]:
    return tuple(Reading(metric=metric, samples=tuple(samples)) for metric, samples in readings.items() if samples)


def _facts(cell: OpenCell, engine: Any) -> dict[str, JsonValue]:
    return {
        **told(engine),
        "parameters": cell.folder.parameters,
        "model_key": cell.folder.key,
        "revision": cell.folder.revision,
    }
