"""Gathers the evidence of one attempt, layer by layer, outside the timed loop.

In: the loaded model, what was timed, and the reference. Out: one judgement for each layer.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import JsonValue, TypeAdapter, ValidationError

from farm.contract.evidence import Evidence
from workers.engine import Raw
from workers.evidence import (
    agreement,
    helpers,
    identity,
    integrity,
    parts,
    placement,
    plausibility,
    replay,
    sensitivity,
)
from workers.evidence.agreement import TOKENS
from workers.evidence.questions import mixed, same, shown
from workers.hearing import FIRST, Subject, hear
from workers.measure.outputs import Answers, read
from workers.measure.sampling import durations
from workers.measure.watching import Watched, watched
from workers.reference import Reference
from workers.scenario import Timed
from workers.standing import COMPUTES_IN, Standing

PLACEMENT: Final = TypeAdapter(dict[str, JsonValue])


class Loop(NamedTuple):
    """The timed loop, and what was noted around it."""

    timed: Timed
    at_work: float
    seal: integrity.Seal  # of the farm's means, before the implementation was loaded
    changed: list[str]  # what was not as it was right after the loop
    clocks: integrity.Clocks
    claimed: Sequence[str] = ()  # metrics that the implementation told itself, though it measures none
    helped: float = 0.0  # processors that processes of the implementation's own kept at work


def prove(subject: Subject, loop: Loop, expected: Reference, standing: Standing | None) -> tuple[Evidence, ...]:
    """Judge every layer. What the implementation says of itself is believed only where something else bears it out."""
    heard = hear(subject, loop.timed, expected)
    seen, when_watched = _watch(subject, expected)
    where = told(subject.engine)
    spec = subject.spec
    return (
        identity.judge(
            runtime=str(where.get("runtime")),
            in_files=subject.request.folder.parameters,
            expected=expected.parameters,
            loaded=subject.engine.parameters(),
            published=subject.request.folder.published_parameters,
            graph="graphs" in where,
            seen=_missing(subject, seen, expected),
        ),
        placement.judge(
            platform=spec.platform, precision=spec.precision, placement=where, seen=_elsewhere(subject, seen, expected)
        ),
        agreement.judge(precision=spec.precision, pairs=heard.pairs, written=heard.written),
        _with(
            sensitivity.judge(
                precision=spec.precision,
                pairs=heard.pairs[:2],
                timed=heard.timed,
                asked=[*heard.asked.values()],
                watched=when_watched,
                inputs_differ=not same(subject.inputs, subject.questions.inputs[FIRST]),
            ),
            shown(subject.questions),
        ),
        plausibility.judge(
            stands=standing.place if standing else None,
            at_work=loop.at_work,
            threads=subject.request.threads if subject.on_host else None,
            grows=_growth(subject, loop.timed, expected, standing),
            looks=[
                _replay(subject, loop.timed, expected),
                _beside(subject, loop.timed, expected),
                _parts(subject, loop.timed, expected, standing),
                helpers.judge(loop.helped),
                _integrity(loop),
            ],
        ),
    )


def told(engine: Any) -> dict[str, JsonValue]:
    """Give what an engine says of where it runs; nothing where that is no record at all."""
    try:
        return PLACEMENT.validate_python(engine.placement())
    except ValidationError:
        return {"runtime": type(engine).__name__}


def _watch(subject: Subject, expected: Reference) -> tuple[Watched | None, Answers]:
    """Look on at one more call, as it was timed; give what was seen, and what it answered."""
    if expected.watched is None:
        return None, {}
    raw: list[Raw] = []
    seen = watched(lambda: raw.append(subject.workload.call()[0]))
    return seen, read(subject.workload, raw[0])


def _missing(subject: Subject, seen: Watched | None, expected: Reference) -> str:
    if seen is None or expected.watched is None or _unseen(subject):
        return ""
    passes = (subject.spec.new_tokens or 1) if TOKENS in expected.answers else 1
    return identity.missing(
        seen, expected.watched, parameters=expected.parameters, precision=subject.spec.precision, passes=passes
    )


def _elsewhere(subject: Subject, seen: Watched | None, expected: Reference) -> str:
    if seen is None or expected.watched is None or _unseen(subject):
        return ""
    spec = subject.spec
    chosen = spec.options.get(COMPUTES_IN, "auto") != "auto"
    return placement.elsewhere(seen, expected.watched, platform=spec.platform, precision=spec.precision, chosen=chosen)


def _unseen(subject: Subject) -> bool:
    """Say whether PyTorch runs code that it compiled itself, into which nobody can look."""
    return bool(subject.spec.options.get("compile"))


def _growth(subject: Subject, loop: Timed, expected: Reference, standing: Standing | None) -> plausibility.Growth:
    if standing is None or expected.work is None:
        return plausibility.not_told("there is no work to weigh")
    sizes = plausibility.Sizes(
        engine=subject.engine,
        family=subject.family,
        folder=subject.path,
        spec=subject.spec,
        call=subject.workload.call,
        seconds=durations(loop.calls),
        roof=standing.roof,
    )
    return plausibility.growth(sizes, subject.inputs, expected.work)


def _replay(subject: Subject, loop: Timed, expected: Reference) -> plausibility.Look:
    if expected.work is None:
        return plausibility.Look({})
    dice = np.random.default_rng(secrets.randbits(128))

    def new() -> Callable[[], object]:
        return subject.bound(mixed(subject.inputs, subject.questions.inputs[FIRST], dice=dice)).call

    found = replay.surprise(durations(loop.calls), loop.asked.keys(), known=subject.workload.call, new=new)
    return replay.judge(found)


def _beside(subject: Subject, loop: Timed, expected: Reference) -> plausibility.Look:
    if expected.work is None:
        return plausibility.Look({})
    return replay.put_off(durations(loop.calls), loop.beside, on_host=subject.on_host)


def _parts(subject: Subject, loop: Timed, expected: Reference, standing: Standing | None) -> plausibility.Look:
    if standing is None or expected.work is None:
        return plausibility.Look({})
    return parts.judge(parts.times(loop.calls), expected.work, standing.roof, subject.spec, roof_of=standing.roof_of)


def _integrity(loop: Loop) -> plausibility.Look:
    """Look at the farm's means once more, when the implementation has been called for the last time."""
    if loop.claimed:
        return plausibility.Look({}, f"the implementation tells itself of {', '.join(loop.claimed)}")
    return integrity.judge(sorted({*loop.changed, *integrity.broken(loop.seal)}), loop.clocks)


def _with(evidence: Evidence, figures: Mapping[str, JsonValue]) -> Evidence:
    return evidence.model_copy(update={"figures": {**evidence.figures, **figures}})
