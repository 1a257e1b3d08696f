"""Print how near honest answers come to the thresholds of agreement and sensitivity, over many questions.

    .venv/bin/python bench/margins.py [--questions 50] [--models minilm gpt2] [--platforms cpu openvino]

Every reference model on every platform of this box in every precision: loaded once, and asked as many questions as the
evidence of so many attempts would ask. A line per figure gives the share of its room that it used: of half of the
questions, of 99 in 100, at most. At 1 an honest answer fails. Nothing is timed, so a busy machine does no harm.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from nearness import nearness

from farm.contract.errors import JobFailure
from farm.contract.evidence import Evidence, Outcome
from farm.contract.job import Assignment, JobSpec
from farm.settings import read_settings
from farm.sweeps.catalogue import read_catalogue
from farm.sweeps.expand import expand
from farm.sweeps.load import load_sweep
from workers.engine import Arrays
from workers.evidence import agreement, questions, sensitivity
from workers.evidence.agreement import TOKENS, Pair, Written
from workers.measure.watching import watched
from workers.opening import OpenCell, open_cell
from workers.probe import usable_processors
from workers.reference import loaded, ready

SWEEP: Final = """
name: margins
models: [{models}]
platforms: [{platforms}]
precision: [fp32, bf16, int8]
sequence_length: 128
new_tokens: 8
"""
OF_EACH: Final = 3  # inputs that are taken of each set of questions: one made by the family, the others mixed
SHOWN: Final = (50, 99, 100)  # percentiles


def cells(models: list[str], platforms: list[str]) -> Iterator[JobSpec]:
    """Give the cells of a sweep as any worker would get them."""
    catalogue = read_catalogue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.yaml"
        path.write_text(SWEEP.format(models=", ".join(models), platforms=", ".join(platforms)))
        yield from (cell.spec for cell in expand(load_sweep(path, catalogue), catalogue) if not cell.unsupported)


def asked(cell: OpenCell, count: int) -> list[Arrays]:
    """Draw the inputs: the job's own first."""
    found: list[Arrays] = [cell.inputs]
    while len(found) < count:
        drawn = questions.pose(cell.family, cell.assignment.spec, folder=cell.folder.path, inputs=cell.inputs)
        found += drawn.inputs[:OF_EACH]
    return found[:count]


class Asked:
    """A loaded model and the reference's, asked the same."""

    def __init__(self, cell: OpenCell, engine: Any, judge: Any) -> None:
        """Take both."""
        self._cell, self._engine, self._judge = cell, engine, judge

    def pair(self, inputs: Arrays, known: Arrays) -> tuple[Pair, list[Written]]:
        """Answer; a text is written by the model and read by the reference."""
        found = self._answers(self._engine, inputs)
        if TOKENS not in known:
            return Pair("a question", found, known), []
        along = self._judge.along(self._judge.place(inputs), found[TOKENS])
        count = found[TOKENS].shape[1]
        return Pair("a question", found, {"logits": along[:, :count]}), [Written("it", found[TOKENS], along, count)]

    def judged(self, inputs: Arrays, own: Pair, known: Arrays) -> Iterator[Evidence]:
        """Judge the answer to one question."""
        spec = self._cell.assignment.spec
        pair, written = self.pair(inputs, known)
        yield agreement.judge(precision=spec.precision, pairs=[pair], written=written)
        seen = {} if TOKENS in known else self._when_watched(inputs)
        yield sensitivity.judge(precision=spec.precision, pairs=[pair, own], timed=[pair.answer], watched=seen)

    def _answers(self, engine: Any, inputs: Arrays) -> dict[str, Any]:
        return self._cell.family.answers(engine, inputs, self._cell.assignment.spec, self._cell.folder.path)

    def _when_watched(self, inputs: Arrays) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        watched(lambda: found.append(self._answers(self._engine, inputs)))
        return found[0]


def tell(name: str, every: list[Evidence]) -> None:
    """Print a line per figure of one cell, and each failure."""
    shares = defaultdict(list)
    for each in every:
        for figure, share in nearness(each):
            shares[figure].append(share)
    for figure, used in shares.items():
        told(name, figure, used)
    for each in every:
        if each.outcome is Outcome.FAIL:
            print(f"{name:34} FAILED {each.layer}: {each.reason}", flush=True)


def told(name: str, figure: str, used: Sequence[float]) -> None:
    """Print one line."""
    half, most, worst = np.percentile(used, SHOWN)
    print(f"{name:34} {figure:28} {half:6.3f} {most:6.3f} {worst:6.3f}", flush=True)


def main() -> None:
    """Ask every cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument(
        "--models", nargs="*", default=[name for name in read_catalogue().models if name != "fake-model"]
    )
    parser.add_argument("--platforms", nargs="*", default=["cpu", "openvino"])
    parser.add_argument("--threads", type=int, default=usable_processors())
    given = parser.parse_args()
    print(f"{'cell':34} {'figure':28} {'median':>6} {'p99':>6} {'most':>6}")
    known: dict[str, tuple[Any, list[Arrays], list[Arrays]]] = {}
    cache = str(read_settings().cache_dir)
    for spec in cells(given.models, given.platforms):
        cell = open_cell(Assignment(spec=spec, cache_dir=cache, threads=given.threads, offline=True))
        ready(spec)
        if spec.model.name not in known:
            judge = loaded(cell.request())
            drawn = asked(cell, given.questions + 1)
            known = {spec.model.name: (judge, drawn, [_answered(cell, judge, each) for each in drawn])}
        judge, drawn, answers = known[spec.model.name]
        try:
            cell.platform.convert(cell.request())
            cell.platform.ready(cell.request())
            both = Asked(cell, cell.platform.load(cell.request()), judge)
        except JobFailure as error:
            print(f"{spec.model.name} {spec.platform} {spec.precision}: {error}", flush=True)
            continue
        own, _ = both.pair(drawn[0], answers[0])
        found = [
            each
            for inputs, answer in zip(drawn[1:], answers[1:], strict=True)
            for each in both.judged(inputs, own, answer)
        ]
        tell(f"{spec.model.name} {spec.platform} {spec.precision}", found)


def _answered(cell: OpenCell, judge: Any, inputs: Arrays) -> Arrays:
    return cell.family.answers(judge, inputs, cell.assignment.spec, cell.folder.path)


if __name__ == "__main__":
    main()
