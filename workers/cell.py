"""One cell, from a model reference to an outcome: prepared in one process, measured in another.

In: an assignment. Out: readings, doubts, evidence and facts; each stage is announced as it begins.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from farm.contract.job import Assignment
from farm.contract.result import Outcome, Reading
from farm.contract.states import Stage
from workers import allocator, meters
from workers.evidence import integrity, questions
from workers.evidence.helpers import Helpers
from workers.evidence.plausibility import AtWork
from workers.evidence.questions import Questions
from workers.folders import weights_checksum
from workers.hearing import Subject
from workers.measure.clock import clock
from workers.measure.footprint import Footprint
from workers.measure.sampling import SECOND, durations
from workers.measure.warmup import warm_up
from workers.meter import Meter, meters_in
from workers.opening import OpenCell, open_cell
from workers.pinning import pin
from workers.proving import Loop, prove, told
from workers.reference import Reference, prepared, ready, reference
from workers.scenario import Found, Told, put_together, scenario_of
from workers.standing import stand
from workers.trying import settle
from workers.workload import Call

HOST: Final = "host"
#: The only metrics that an engine tells of itself: what tensors hold on its device. All others are measured.
TOLD_BY_ENGINES: Final = ("device_memory_allocated", "device_memory_reserved")

Say = Callable[[Stage], None]


def prepare(assignment: Assignment, say: Say) -> Outcome:
    """Build or fetch the model, convert it, compute the reference answers, measure the roof: all that is cached.

    Raises: the JobFailures of models and platforms.
    """
    say(Stage.PREPARE)
    cell = open_cell(assignment.model_copy(update={"spec": questions.once(assignment.spec)}))
    converted = cell.platform.convert(cell.request())
    if reference(cell.family, assignment.spec, cell.request()).work is not None:
        cell.bench().ready()
    _weights(cell)  # hashing large weights takes a while, and is remembered
    times = {"build_time": [cell.folder.seconds], "conversion_time": [converted]}
    return Outcome(readings=_rows({name: taken for name, taken in times.items() if taken[0] > 0}))


def measure(assignment: Assignment, say: Say) -> Outcome:
    """Load the model, warm it up, search what the job leaves open, time it, and gather the evidence.

    Raises: the JobFailures of models and platforms.
    """
    say(Stage.PREPARE)
    allocated = allocator.hold()
    cell = open_cell(assignment)
    request = cell.request()
    if request.options.get("pin"):
        pin(request.threads)
    cell.platform.ready(request)
    posed = _questions(cell)
    ready(assignment.spec)
    known = prepared(assignment.spec, request)  # read before anything could write to it
    seal = integrity.seal()
    say(Stage.LOAD)
    footprint, read = Footprint(), meters_in(meters, device=cell.device)
    for meter in read:
        meter.before_loading()
    engine, loaded = _timed(lambda: cell.platform.load(request))
    workload = cell.workload(engine)
    say(Stage.WARMUP)
    _, first = _timed(workload.call)
    doubts = warm_up(workload.call, seconds=assignment.spec.measure.warmup_seconds)
    for meter in read:
        meter.after_warmup()
    say(Stage.MEASURE)
    cell, workload, found = settle(cell, engine, workload, footprint=footprint)
    spec = cell.assignment.spec
    if found is not None:
        posed = _questions(cell)  # of the size that was found
        doubts = warm_up(workload.call, seconds=spec.measure.warmup_seconds)
    subject = Subject(spec, cell.family, cell.request(), engine, workload, posed, cell.device == HOST)
    others = {place: partial(subject.bound, posed.inputs[number]) for place, number in posed.places.items()}
    for meter in read:
        meter.before_calls()
    attention, helpers, stretch = AtWork(), Helpers(), integrity.Stretch()
    timed = scenario_of(spec).measure(workload, spec, others=others, seed=spec.seed + assignment.repeat)
    at_work, helped, clocks = attention.share(idle=timed.idle, spun=timed.spun), helpers.share(), stretch.clocks()
    for meter in read:
        meter.after_calls()
    times = {"load_time": [loaded], "first_inference_time": [first], "preprocessing_time": cell.preprocessing}
    metered = [_metered(meter, timed.calls, batch_size=spec.batch_size) for meter in read]
    device = {name: [figure] for name, figure in engine.device_memory().items()}
    claimed = [name for name in device if name not in TOLD_BY_ENGINES]
    say(Stage.PROVE)
    told_of_process = Told(device, facts={"allocator": allocated})
    parts = (told_of_process, Told(times, doubts), put_together(found, timed.told()), *metered)
    loop = Loop(timed, at_work, seal, integrity.broken(seal), clocks, claimed, helped)
    return _outcome(cell, subject, loop, parts=parts, found=found, known=known if found is None else None)


def _outcome(
    cell: OpenCell, subject: Subject, loop: Loop, *, parts: Sequence[Told], found: Found | None, known: Reference | None
) -> Outcome:
    """Put together what was told and proven. The reference is computed first, if nobody has yet."""
    spec = cell.assignment.spec
    expected = known or reference(cell.family, spec, subject.request)
    standing = stand(expected.work, spec, durations(loop.timed.calls), bench=cell.bench())
    evidence = prove(subject, loop, expected, standing)
    own = Told(subject.workload.readings(loop.timed.calls))  # some are known once outputs were looked at
    every = (*parts, own, *([Told(standing.readings(), standing.doubts(), standing.facts())] if standing else ()))
    return Outcome(
        readings=_rows({name: samples for part in every for name, samples in part.readings.items()}),
        doubts=tuple(doubt for part in every for doubt in part.doubts),
        evidence=evidence,
        facts=_facts(cell, subject.engine) | {name: fact for part in every for name, fact in part.facts.items()},
        settled=None if found is None else spec,
    )


def _questions(cell: OpenCell) -> Questions:
    spec = cell.assignment.spec
    return questions.pose(cell.family, spec, folder=cell.folder.path, inputs=cell.inputs)


def _metered(meter: Meter, calls: Sequence[Call], *, batch_size: int) -> Told:
    return Told(meter.readings(calls, batch_size=batch_size), facts=meter.facts())


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
        "weights_checksum": _weights(cell),
        "revision": cell.folder.revision,
    }


def _weights(cell: OpenCell) -> str | None:
    return weights_checksum(cell.folder.path, Path(cell.assignment.cache_dir))
