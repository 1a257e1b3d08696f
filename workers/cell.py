"""One cell, from a model reference to an outcome: prepared in one process, measured in another.

In: an assignment. Out: readings, doubts, evidence and facts; each stage is announced as it begins.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import JsonValue

from farm.contract.evidence import Evidence
from farm.contract.job import Assignment
from farm.contract.result import Outcome, Reading
from farm.contract.states import Stage
from workers import meters
from workers.engine import Array, Arrays, LoadRequest, ModelFolder, Platform
from workers.evidence import agreement, identity, placement, plausibility, sensitivity
from workers.folders import weights_checksum
from workers.heads import head_of
from workers.measure.clock import clock
from workers.measure.sampling import SECOND, durations, sample
from workers.measure.warmup import warm_up
from workers.meter import Device, meters_in
from workers.models import resolve
from workers.pinning import pin
from workers.reference import Reference, reference
from workers.standing import Bench, Standing, stand
from workers.workload import Family, Workload

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


class _Ran(NamedTuple):
    """What was timed, and how it went."""

    engine: Any
    workload: Workload
    timed: list[dict[str, Array]]  # outputs of timed calls
    seconds: list[float]  # of each timed call
    at_work: float
    standing: Standing | None


def prepare(assignment: Assignment, say: Say) -> Outcome:
    """Build or fetch the model, convert it, compute the reference answers, measure the roof: all that is cached.

    Raises: the JobFailures of models and platforms.
    """
    say(Stage.PREPARE)
    cell = open_cell(assignment)
    converted = cell.platform.convert(cell.request())
    if reference(cell.family, assignment.spec, cell.request()).work is not None:
        cell.bench().ready()
    _weights(cell)  # hashing large weights takes a while, and is remembered
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
    say(Stage.LOAD)
    read = meters_in(meters, device=cell.device)
    for meter in read:
        meter.before_loading()
    engine, loaded = _timed(lambda: cell.platform.load(request))
    workload = cell.family.workload(engine, cell.inputs, spec, cell.folder.path)
    say(Stage.WARMUP)
    _, first = _timed(workload.call)
    doubts = warm_up(workload.call, seconds=spec.measure.warmup_seconds)
    say(Stage.MEASURE)
    for meter in read:
        meter.before_calls()
    attention = plausibility.AtWork()
    sampled = sample(workload, spec.measure, seed=spec.seed + assignment.repeat)
    at_work = attention.share()
    for meter in read:
        meter.after_calls()
    metered = [meter.readings(sampled.calls, batch_size=spec.batch_size) for meter in read]
    say(Stage.PROVE)
    timed = [workload.outputs(raw) for raw in sampled.kept]
    expected = reference(cell.family, spec, request)
    standing = stand(expected.work, spec, durations(sampled.calls), bench=cell.bench())
    ran = _Ran(engine, workload, timed, durations(sampled.calls), at_work, standing)
    readings: dict[str, list[float]] = {
        "load_time": [loaded],
        "first_inference_time": [first],
        "preprocessing_time": cell.preprocessing,
        **{name: samples for group in metered for name, samples in group.items()},
        **workload.readings(sampled.calls),
        **(standing.readings() if standing else {}),
        **{name: [figure] for name, figure in engine.device_memory().items()},
    }
    return Outcome(
        readings=_rows(readings),
        doubts=(*doubts, *sampled.doubts, *(standing.doubts() if standing else ())),
        evidence=_prove(cell, ran, expected) if assignment.repeat == 0 else (),
        facts=_facts(cell, engine)
        | {name: fact for meter in read for name, fact in meter.facts().items()}
        | (standing.facts() if standing else {}),
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
        **engine.placement(),
        "parameters": cell.folder.parameters,
        "model_key": cell.folder.key,
        "weights_checksum": _weights(cell),
        "revision": cell.folder.revision,
    }


def _weights(cell: OpenCell) -> str | None:
    return weights_checksum(cell.folder.path, Path(cell.assignment.cache_dir))


def _prove(cell: OpenCell, ran: _Ran, expected: Reference) -> tuple[Evidence, ...]:
    """Gather the evidence layer by layer, outside the timed loop."""
    spec, folder = cell.assignment.spec, cell.folder
    engine, timed = ran.engine, ran.timed
    answers = cell.family.answers(engine, cell.inputs, spec, folder.path, expected.answers)
    other_inputs, _ = cell.family.inputs(folder.path, spec.model_copy(update={"seed": spec.seed + 1}))
    others = cell.family.answers(engine, other_inputs, spec, folder.path, expected.answers)
    where = engine.placement()
    return (
        identity.judge(
            runtime=str(where["runtime"]),
            in_files=folder.parameters,
            expected=expected.parameters,
            loaded=engine.parameters(),
            published=folder.published_parameters,
            graph="graphs" in where,
        ),
        placement.judge(platform=spec.platform, precision=spec.precision, placement=where),
        agreement.judge(precision=spec.precision, answers=answers, reference=expected.answers, timed=timed),
        sensitivity.judge(answers=answers, others=others, timed=timed),
        plausibility.judge(
            stands=ran.standing.place if ran.standing else None, at_work=ran.at_work, grows=_growth(cell, ran, expected)
        ),
    )


def _growth(cell: OpenCell, ran: _Ran, expected: Reference) -> plausibility.Growth:
    if ran.standing is None or expected.work is None:
        return plausibility.not_told("there is no work to weigh")
    sizes = plausibility.Sizes(
        engine=ran.engine,
        family=cell.family,
        folder=cell.folder.path,
        spec=cell.assignment.spec,
        call=ran.workload.call,
        seconds=ran.seconds,
        roof=ran.standing.roof,
    )
    return plausibility.growth(sizes, cell.inputs, expected.work)
