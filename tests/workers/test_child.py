"""Isolated children: what they bring back, and how they end is told apart."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.result import Outcome
from farm.contract.states import Stage
from workers.child import Interrupted, Launcher, Order, Task
from workers.preload import modules


class Watcher:
    """Notes the stages; stops the child after so many ticks, if asked."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stages: list[Stage] = []
        self._left = stop_after

    def tick(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Interrupted

    def stage(self, stage: Stage, pid: int) -> None:
        assert pid > 0
        self.stages.append(stage)


def order(cache: Path, task: Task, *, start: str = "fork", timeout: float = 60, **changes: Any) -> Order:
    plain: dict[str, object] = {
        "model": ModelReference(name="fake-model", source="zoo", location="fake-model", family="fake"),
        "platform": "fake",
        "precision": "fp32",
        "requirement": Requirement(tags=("fake",)),
        "measure": Measure(min_iterations=5, min_seconds=0, max_seconds=5, warmup_seconds=0),
    }
    spec = JobSpec.model_validate(plain | changes)
    given = Assignment(spec=spec, cache_dir=str(cache), threads=2, offline=True)
    return Order(task=task, content=given.model_dump_json(), start=start, timeout=timeout)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    return Launcher(modules(["fake"]))


@pytest.mark.parametrize("start", ["fork", "fresh"])
def test_a_child_brings_back_samples_and_tells_its_stages(launcher: Launcher, model_cache: Path, start: str) -> None:
    watcher = Watcher()
    answer = launcher.run(order(model_cache, "measure", start=start), watcher)
    outcome = Outcome.model_validate_json(answer.content or "")
    assert len(next(each.samples for each in outcome.readings if each.metric == "latency")) >= 5
    assert watcher.stages == [Stage.START, Stage.PREPARE, Stage.LOAD, Stage.WARMUP, Stage.MEASURE, Stage.PROVE]


@pytest.mark.parametrize(
    ("fault", "code", "signal"),
    [
        ("segfault", "crashed", 11),
        ("kill", "killed", 9),
        ("exit", "no_result", None),
        ("raise", "python_error", None),
        ("oom", "out_of_memory", None),
    ],
)
def test_the_end_of_a_child_names_stage_and_reason(
    launcher: Launcher, model_cache: Path, fault: str, code: str, signal: int | None
) -> None:
    options = {"fault": fault, "fault_stage": "load"}
    failure = launcher.run(order(model_cache, "measure", options=options), Watcher()).failure
    assert failure is not None
    assert (failure.code, failure.stage, failure.exit_signal) == (code, Stage.LOAD, signal)


def test_a_hanging_child_ends_at_its_deadline(launcher: Launcher, model_cache: Path) -> None:
    failure = launcher.run(order(model_cache, "measure", timeout=3, options={"fault": "hang"}), Watcher()).failure
    assert failure is not None
    assert failure.code == "timed_out"


def test_a_child_can_be_stopped_from_outside(launcher: Launcher, model_cache: Path) -> None:
    with pytest.raises(Interrupted):
        launcher.run(order(model_cache, "measure", options={"fault": "hang"}), Watcher(stop_after=1))


def test_the_worker_itself_imports_no_runtime() -> None:
    code = "import sys, workers.serve\nassert not {'torch', 'transformers', 'openvino'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
