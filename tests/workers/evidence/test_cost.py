"""What evidence takes is none of the model's: its memory is in no figure, and inputs for it are made once."""

from typing import Any

import numpy as np
import pytest

from farm.contract.evidence import Verdict
from farm.contract.job import Measure
from farm.contract.judge import judge
from tests.workers.platforms.cells import Cells
from workers.families import _one_pass
from workers.measure.footprint import peak, renew_peak
from workers.reference import loaded

MUCH = 200 * 2**20  # bytes; a tiny model takes a few MiB
LONGER = Measure(min_iterations=9, max_iterations=9, min_seconds=0, max_seconds=5, warmup_seconds=0)


@pytest.mark.models
def test_memory_of_the_reference_beside_the_model_is_in_no_figure(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def large(request: Any) -> Any:
        held.append(np.ones(MUCH, dtype=np.uint8))
        return loaded(request)

    monkeypatch.setattr("workers.hearing.loaded", large)
    renew_peak()
    before = peak()
    found = cells.outcome("cpu", "bert", seed=23, measure=LONGER)
    assert judge(found.evidence) is not Verdict.MOCK
    figures = {each.metric: each.samples[0] for each in found.readings}
    assert held and peak() - before > MUCH / 2
    assert figures["memory_growth"] < MUCH / 2
    assert figures["memory_peak"] < peak() - MUCH / 2


@pytest.mark.models
def test_inputs_of_questions_are_made_once_and_those_of_the_job_as_often_as_their_time_is_told(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, plain = [], _one_pass.preprocessed

    def noted(process: Any, spec: Any) -> Any:
        made = plain(process, spec)
        asked.append(len(made[1]))
        return made

    monkeypatch.setattr("workers.families.image_text.preprocessed", noted)
    cells.outcome("cpu", "clip", seed=23, measure=LONGER)
    assert asked == [1, 5, 1]  # prepared, measured, and asked
