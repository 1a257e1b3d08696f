"""The fork server stays clean, and a child of one that is not is replaced by a fresh interpreter."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from farm.contract.job import ModelReference
from farm.contract.states import Stage
from tests.workers.test_child import Watcher, order
from workers import processes
from workers.child import Launcher
from workers.preload import modules

pytestmark = pytest.mark.alone

STUCK_AFTER = 4.0  # seconds; the imports of these fork servers are quicker
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


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this test a fork server of its own: multiprocessing keeps one for the whole process."""
    from multiprocessing import forkserver

    with monkeypatch.context() as patch:
        patch.setattr(forkserver, "_forkserver", forkserver.ForkServer())
        for name in ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload"):
            patch.setattr(forkserver, name, getattr(forkserver._forkserver, name))
        yield
        forkserver._forkserver._stop()  # type: ignore[attr-defined]


def test_a_child_stuck_before_its_first_word_is_replaced_by_a_fresh_one(own_server: None, model_cache: Path) -> None:
    launcher = Launcher([*modules(["fake"]), "tests.workers.dirty.lock"], stuck_after=STUCK_AFTER)
    watcher = Parents()
    answer = launcher.run(order(model_cache, "measure"), watcher)
    assert answer.failure is None, answer.log_tail
    assert watcher.parents == [os.getpid()]  # the forked one never spoke; the fresh one is our own child


@pytest.mark.models
def test_a_child_stuck_in_its_first_call_is_replaced_by_a_fresh_one(own_server: None, model_cache: Path) -> None:
    launcher = Launcher([*modules(["cpu"]), "tests.workers.dirty.matmul"], stuck_after=15)
    watcher = Parents()
    given: dict[str, Any] = {"model": BERT, "platform": "cpu", "sequence_length": 16}
    answer = launcher.run(order(model_cache, "measure", timeout=120, **given), watcher)
    assert answer.failure is None, answer.log_tail
    assert len(watcher.parents) == 2, "the forked child did not hang: the fork server was not dirty"
    assert watcher.parents[1] == os.getpid()


@pytest.mark.models
def test_a_clean_fork_server_has_one_thread_and_no_runtime_at_work(own_server: None, model_cache: Path) -> None:
    launcher = Launcher(modules(["cpu", "openvino"]))
    watcher = Parents()
    given: dict[str, Any] = {"model": BERT, "platform": "cpu", "sequence_length": 16}
    for _ in range(2):
        answer = launcher.run(order(model_cache, "measure", timeout=120, **given), watcher)
        assert answer.failure is None, answer.log_tail
    assert len(set(watcher.parents)) == 1
    server = watcher.parents[0]
    assert server != os.getpid()
    assert processes.threads(server) == 1
    loaded = Path(f"/proc/{server}/maps").read_text()
    assert "libtorch_cpu" in loaded
    assert "libopenvino.so" in loaded
    assert "libopenvino_intel_cpu_plugin" not in loaded  # it is loaded by the first OpenVINO core
    opened = {str(each.readlink()) for each in Path(f"/proc/{server}/fd").iterdir()}
    assert not any(name.startswith("/dev/nvidia") for name in opened)  # a CUDA context holds these


def test_openvino_is_imported_without_telemetry() -> None:
    code = "import sys, workers.inside, openvino, threading\nassert sys.modules['openvino_telemetry'] is None\n"
    code += "assert threading.active_count() == 1, threading.enumerate()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
