"""The fork server stays clean and its children measure real models; that of a dirty one is replaced by a fresh one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from farm.contract.job import ModelReference
from farm.contract.result import Outcome
from farm.contract.states import Stage
from tests.workers.test_child import Watcher, order
from tests.workers.test_staying import Processes, state_of
from workers import processes
from workers.child import Launcher, Order, Task
from workers.preload import modules

pytestmark = pytest.mark.alone

STUCK_AFTER = 4.0  # seconds; a child begins when the imports of its fork server are over
BERT = ModelReference(name="bert-tiny", source="zoo", location="bert-tiny", family="text_embedding")


class Parents(Watcher):
    """Notes which process each child was started by."""

    def __init__(self) -> None:
        super().__init__()
        self.parents: list[int] = []

    def stage(self, stage: Stage, pid: int) -> None:
        super().stage(stage, pid)
        if stage is Stage.START:
            self.parents.append(parent_of(pid))


def parent_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid:"))


@contextmanager
def another_server() -> Iterator[None]:
    """Have a fork server of its own for a while: multiprocessing keeps one for the whole process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forkserver, "_forkserver", forkserver.ForkServer())
        for name in ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload"):
            patch.setattr(forkserver, name, getattr(forkserver._forkserver, name))
        yield
        forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture
def own_server() -> Iterator[None]:
    """Give this test a fork server of its own."""
    with another_server():
        yield


@pytest.fixture(scope="module")
def clean() -> Iterator[Launcher]:
    """Start children from a server as a worker of both platforms has it."""
    with another_server():
        launcher = Launcher(modules(["cpu", "openvino"]))
        yield launcher
        launcher.close()


def bert(cache: Path, task: Task, *, length: int, platform: str = "cpu") -> Order:
    """Order something of one cell of bert-tiny."""
    given = order(cache, task, timeout=120, model=BERT, platform=platform, sequence_length=length)
    return given._replace(subject=f"{platform} bert-tiny")


def test_a_child_stuck_before_its_first_word_is_replaced_by_a_fresh_one(own_server: None, model_cache: Path) -> None:
    launcher = Launcher([*modules(["fake"]), "tests.workers.dirty.lock"], stuck_after=STUCK_AFTER)
    watcher = Parents()
    answer = launcher.run(order(model_cache, "measure"), watcher)
    assert answer.failure is None, answer.log_tail
    assert watcher.parents == [os.getpid()]  # the forked one never spoke; the fresh one is our own child


@pytest.mark.models
def test_a_child_stuck_in_its_first_call_is_replaced_by_a_fresh_one(own_server: None, model_cache: Path) -> None:
    launcher = Launcher([*modules(["cpu"]), "tests.workers.dirty.matmul"], stuck_after=STUCK_AFTER)
    watcher = Parents()
    given: dict[str, Any] = {"model": BERT, "platform": "cpu", "sequence_length": 16}
    answer = launcher.run(order(model_cache, "measure", timeout=120, **given), watcher)
    assert answer.failure is None, answer.log_tail
    assert len(watcher.parents) == 2, "the forked child did not hang: the fork server was not dirty"
    assert watcher.parents[1] == os.getpid()


@pytest.mark.models
def test_children_of_a_clean_fork_server_measure_real_models_and_it_stays_clean(
    clean: Launcher, model_cache: Path
) -> None:
    watcher = Parents()
    for platform in ("cpu", "openvino"):
        prepared = clean.run(bert(model_cache, "prepare", length=16, platform=platform), watcher)
        assert prepared.failure is None, prepared.log_tail
        for _ in range(3):
            answer = clean.run(bert(model_cache, "measure", length=16, platform=platform), watcher)
            assert answer.failure is None, answer.log_tail
            outcome = Outcome.model_validate_json(answer.content or "")
            assert {each.outcome for each in outcome.evidence} == {"pass"}
    (server,) = set(watcher.parents)
    assert server != os.getpid()
    assert processes.threads(server) == 1
    loaded = Path(f"/proc/{server}/maps").read_text()
    assert "libtorch_cpu" in loaded
    assert "libopenvino.so" in loaded
    assert "libopenvino_intel_cpu_plugin" not in loaded  # it is loaded by the first OpenVINO core
    opened = {str(each.readlink()) for each in Path(f"/proc/{server}/fd").iterdir()}
    assert not any(name.startswith("/dev/nvidia") for name in opened)  # a CUDA context holds these


@pytest.mark.models
def test_a_process_that_prepared_a_real_model_stays_asleep_and_shares_nothing_with_who_is_measured(
    clean: Launcher, model_cache: Path
) -> None:
    watcher = Processes()
    for length in (17, 18):  # of which no other test has references
        answer = clean.run(bert(model_cache, "prepare", length=length), watcher)
        assert answer.failure is None, answer.log_tail
    first, second = watcher.found
    assert first == second
    assert state_of(second) == "S"
    assert "model.safetensors" not in Path(f"/proc/{second}/maps").read_text()  # else nobody has these pages alone
    opened = [str(each.readlink()) for each in Path(f"/proc/{second}/fd").iterdir()]
    assert not [name for name in opened if name.startswith(str(model_cache))]  # nothing of the cache is in use


def test_openvino_is_imported_without_telemetry() -> None:
    code = "import sys, workers.inside, openvino, threading\nassert sys.modules['openvino_telemetry'] is None\n"
    code += "assert threading.active_count() == 1, threading.enumerate()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
