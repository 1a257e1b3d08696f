"""Gathers the evidence of one attempt, layer by layer, outside the timed loop.

In: the loaded model, what was timed, and the reference. Out: one judgement for each layer.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import JsonValue, TypeAdapter, ValidationError

from farm.contract.evidence import Evidence
from farm.contract.job import JobSpec
from workers.engine import Array, Arrays, LoadRequest, Raw
from workers.evidence import agreement, identity, integrity, placement, plausibility, replay, sensitivity
from workers.evidence.agreement import TOKENS, Pair, Written
from workers.evidence.questions import Questions, mixed, same, shown
from workers.measure.outputs import Answers, read
from workers.measure.sampling import durations
from workers.measure.watching import Watched, watched
from workers.reference import Reference, loaded
from workers.scenario import Timed
from workers.standing import COMPUTES_IN, Standing
from workers.workload import Family, Workload

FIRST: Final = 0  # number of the family's own question: the reference answers it, or another one where it was not asked
LOGITS: Final = "logits"
OWN: Final = "the job's inputs"
UNSEEN: Final = "inputs that were never seen"
TIMED: Final = "a timed call"
PLACEMENT: Final = TypeAdapter(dict[str, JsonValue])


class Subject(NamedTuple):
    """What is to be proven real: a job, its model as loaded, and the inputs it was timed with."""

    spec: JobSpec
    family: Family
    request: LoadRequest
    engine: Any
    workload: Workload
    questions: Questions
    on_host: bool = True  # the device that is measured is the host itself

    @property
    def inputs(self) -> Arrays:
        """The inputs of all timed calls but the questions."""
        return self.request.example

    @property
    def path(self) -> Path:
        """The model's folder."""
        return self.request.folder.path

    def bound(self, inputs: Arrays) -> Workload:
        """Bind other inputs to the model."""
        return self.family.workload(self.engine, inputs, self.spec, self.path)


class Loop(NamedTuple):
    """The timed loop, and what was noted around it."""

    timed: Timed
    at_work: float
    seal: integrity.Seal  # of the farm's means, before the implementation was loaded
    changed: list[str]  # what was not as it was right after the loop
    clocks: integrity.Clocks


class _Heard(NamedTuple):
    """All that was answered, beside the reference's answers."""

    pairs: list[Pair]  # the job's own inputs, then the first question
    timed: list[Answers]  # outputs of timed calls with the job's own inputs
    asked: dict[int, Answers]  # outputs of timed calls with others, by the number of the question
    written: list[Written]


def prove(subject: Subject, loop: Loop, expected: Reference, standing: Standing | None) -> tuple[Evidence, ...]:
    """Judge every layer. What the implementation says of itself is believed only where something else bears it out."""
    heard = _hear(subject, loop.timed, expected)
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
        agreement.judge(precision=spec.precision, pairs=heard.pairs, written=heard.written, family=spec.model.family),
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
            looks=[_replay(subject, loop.timed, expected), _reading(loop.timed, expected), _integrity(loop)],
        ),
    )


def told(engine: Any) -> dict[str, JsonValue]:
    """Give what an engine says of where it runs; nothing where that is no record at all."""
    try:
        return PLACEMENT.validate_python(engine.placement())
    except ValidationError:
        return {"runtime": type(engine).__name__}


def _hear(subject: Subject, loop: Timed, expected: Reference) -> _Heard:
    """Gather the outputs of timed calls; then let the reference answer what nobody could ask it before."""
    timed = [*loop.kept]
    asked = {subject.questions.places[place]: answers for place, answers in loop.asked.items()}
    if not expected.answers:
        return _Heard([], timed, asked, [])
    number = FIRST if FIRST in asked or not asked else min(asked)
    question = subject.questions.inputs[number]
    if TOKENS in expected.answers:
        return _hear_written(subject, expected, timed, asked, number=number)
    own = timed[-1] if timed else _answers(subject, subject.inputs, None)
    other = asked[number] if asked else _answers(subject, question, None)
    known = subject.family.answers(loaded(subject.request), question, subject.spec, subject.path, None)
    pairs = [Pair(OWN, own, expected.answers), Pair(UNSEEN, other, known)]
    pairs += [Pair(TIMED, each, expected.answers) for each in timed]
    return _Heard(pairs, timed, asked, [])


def _hear_written(
    subject: Subject, expected: Reference, timed: list[Answers], asked: Mapping[int, Answers], *, number: int
) -> _Heard:
    """Have the reference read what timed calls wrote; the scores of both are along what the question's call wrote."""
    question, rows, count = subject.questions.inputs[number], subject.spec.batch_size, subject.spec.new_tokens or 1
    own = _answers(subject, subject.inputs, expected.answers)
    judge = loaded(subject.request)
    wrote = asked.get(number, {})
    whole = _readable(judge, wrote.get(TOKENS), rows) and wrote[TOKENS].shape[1] == count
    followed = wrote if whole else {}
    other = _answers(subject, question, followed or None)
    tokens = (followed or other).get(TOKENS)
    if tokens is not None and _readable(judge, tokens, rows):
        along = judge.along(judge.place(question), tokens)
        known = {LOGITS: along[:, : expected.answers[LOGITS].shape[1]]}
        written = [Written(TIMED, tokens, along, count)] if followed else []
    else:
        known = subject.family.answers(judge, question, subject.spec, subject.path, None)
        written = []
    unread = [(question, wrote)] if wrote and not followed else []
    written += _written(subject, judge, [*unread, *((subject.inputs, each) for each in _different(timed))])
    return _Heard([Pair(OWN, own, expected.answers), Pair(UNSEEN, other, known)], timed, dict(asked), written)


def _answers(subject: Subject, inputs: Arrays, reference: Arrays | None) -> dict[str, Array]:
    return subject.family.answers(subject.engine, inputs, subject.spec, subject.path, reference)


def _readable(judge: Any, tokens: Array | None, rows: int) -> bool:
    """Say whether the reference can read these tokens at all."""
    return (
        tokens is not None
        and tokens.dtype.kind in "iu"
        and tokens.ndim == 2
        and len(tokens) == rows
        and tokens.size > 0
        and bool(tokens.min() >= 0 and tokens.max() < _vocabulary(judge))
    )


def _vocabulary(judge: Any) -> int:
    return int(judge.model.get_input_embeddings().num_embeddings)


def _different(timed: Sequence[dict[str, Array]]) -> list[dict[str, Array]]:
    """Leave out outputs that are equal to an earlier one."""
    kept: list[dict[str, Array]] = []
    for each in timed:
        if not any(np.array_equal(each.get(TOKENS, ()), known.get(TOKENS, ())) for known in kept):
            kept.append(each)
    return kept


def _written(subject: Subject, judge: Any, calls: Sequence[tuple[Arrays, Mapping[str, Array]]]) -> list[Written]:
    """Let the reference read what timed calls wrote."""
    rows, asked = subject.spec.batch_size, subject.spec.new_tokens or 1
    found = []
    for inputs, outputs in calls:
        tokens = outputs.get(TOKENS)
        if tokens is not None and _readable(judge, tokens, rows):
            logits = judge.along(judge.place(inputs), tokens)
        else:
            logits = np.zeros((rows, 0, _vocabulary(judge)))
        found.append(Written(TIMED, tokens, logits, asked))
    return found


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


def _reading(loop: Timed, expected: Reference) -> plausibility.Look:
    if expected.work is None:
        return plausibility.Look({})
    return replay.put_off(durations(loop.calls), loop.reading)


def _integrity(loop: Loop) -> plausibility.Look:
    """Look at the farm's means once more, when the implementation has been called for the last time."""
    return integrity.judge(sorted({*loop.changed, *integrity.broken(loop.seal)}), loop.clocks)


def _with(evidence: Evidence, figures: Mapping[str, JsonValue]) -> Evidence:
    return evidence.model_copy(update={"figures": {**evidence.figures, **figures}})
