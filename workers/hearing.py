"""What was answered, beside what the reference answers to the same: the job's own inputs, a question, timed calls.

In: the loaded model, and outputs of timed calls. Out: pairs of answers, and texts with what the reference thinks of
each token.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays, LoadRequest
from workers.evidence.agreement import TOKENS, Pair, Written
from workers.evidence.questions import Questions
from workers.measure.outputs import Answers
from workers.reference import Reference, loaded
from workers.scenario import Timed
from workers.workload import Family, Workload

FIRST: Final = 0  # number of the family's own question: the reference answers it, or another one where it was not asked
LOGITS: Final = "logits"
OWN: Final = "the job's inputs"
UNSEEN: Final = "inputs that were never seen"
TIMED: Final = "a timed call"


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


class Heard(NamedTuple):
    """All that was answered, beside the reference's answers."""

    pairs: list[Pair]  # the job's own inputs, then the first question
    timed: list[Answers]  # outputs of timed calls with the job's own inputs
    asked: dict[int, Answers]  # outputs of timed calls with others, by the number of the question
    written: list[Written]


def hear(subject: Subject, loop: Timed, expected: Reference) -> Heard:
    """Gather the outputs of timed calls; then let the reference answer what nobody could ask it before."""
    timed = [*loop.kept]
    asked = {subject.questions.places[place]: answers for place, answers in loop.asked.items()}
    if not expected.answers:
        return Heard([], timed, asked, [])
    number = FIRST if FIRST in asked or not asked else min(asked)
    question = subject.questions.inputs[number]
    if TOKENS in expected.answers:
        return _hear_written(subject, expected, timed, asked, number=number)
    own = timed[-1] if timed else _answers(subject, subject.inputs, None)
    other = asked[number] if asked else _answers(subject, question, None)
    known = subject.family.answers(loaded(subject.request), question, subject.spec, subject.path, None)
    pairs = [Pair(OWN, own, expected.answers), Pair(UNSEEN, other, known)]
    pairs += [Pair(TIMED, each, expected.answers) for each in timed]
    return Heard(pairs, timed, asked, [])


def _hear_written(
    subject: Subject, expected: Reference, timed: list[Answers], asked: Mapping[int, Answers], *, number: int
) -> Heard:
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
    pairs = [Pair(OWN, own, expected.answers), Pair(UNSEEN, other, known)]
    return Heard(pairs, timed, dict(asked), written)


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
