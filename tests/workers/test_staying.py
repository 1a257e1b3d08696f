"""A process that prepared a cell stays for the next one of the same model, and for nothing else."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farm.contract.states import Stage
from tests.workers.platforms.cells import Cells
from tests.workers.test_child import Watcher, order
from workers import child
from workers.child import Launcher, Order
from workers.families._processors import tokenizer_of
from workers.following import follower, staying
from workers.preload import modules


class Processes(Watcher):
    """Notes the process of each order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def stage(self, stage: Stage, pid: int) -> None:
        super().stage(stage, pid)
        if stage is Stage.START:
            self.found.append(pid)


class Served:
    """A launcher, and which process took each order."""

    def __init__(self, *platforms: str) -> None:
        self.launcher = Launcher(modules(platforms))
        self._watcher = Processes()

    def by(self, given: Order, *, subject: str = "one model") -> int:
        """Have an order done; give the id of the process that did it."""
        answer = self.launcher.run(given._replace(subject=subject), self._watcher)
        assert answer.failure is None, answer.log_tail
        return self._watcher.found[-1]


@pytest.fixture
def served() -> Iterator[Served]:
    found = Served("fake")
    yield found
    found.launcher.close()


def state_of(pid: int) -> str:
    """Give the letter that the kernel has for what a process does; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def gone(pid: int) -> bool:
    """Say whether a process has ended, dead ones that nobody asked for included."""
    return state_of(pid) in ("", "Z")


def test_one_process_prepares_cells_of_one_model_and_each_is_measured_by_another(
    served: Served, model_cache: Path
) -> None:
    prepare, measure = order(model_cache, "prepare"), order(model_cache, "measure")
    first = served.by(prepare)
    measured = served.by(measure)
    assert measured != first
    assert gone(measured)
    assert not gone(first)
    assert served.by(order(model_cache, "prepare", batch_size=2)) == first


@pytest.mark.parametrize("task", ["prepare", "measure"])
def test_it_is_gone_before_a_process_of_another_model_begins(served: Served, model_cache: Path, task: Any) -> None:
    first = served.by(order(model_cache, "prepare"))
    assert served.by(order(model_cache, task), subject="another model") != first
    assert gone(first)


def test_it_ends_with_its_launcher(served: Served, model_cache: Path) -> None:
    first = served.by(order(model_cache, "prepare"))
    served.launcher.close()
    assert gone(first)


def test_one_that_died_meanwhile_is_replaced(served: Served, model_cache: Path) -> None:
    first = served.by(order(model_cache, "prepare"))
    os.kill(first, signal.SIGKILL)
    while not gone(first):
        time.sleep(0.01)
    assert served.by(order(model_cache, "prepare")) != first


def test_one_that_takes_too_much_memory_does_not_stay(
    served: Served, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "MOST_MEMORY", 2**10)
    assert gone(served.by(order(model_cache, "prepare")))


@pytest.mark.models
def test_a_model_that_stays_answers_as_one_that_was_just_loaded(cells: Cells) -> None:
    for model in ("bert", "gpt2", "bert"):
        _, family, request = cells.request(cells.spec("cpu", model))
        spec, path = cells.spec("cpu", model), request.folder.path
        for _ in range(2):
            found = family.answers(staying(request), request.example, spec, path)
            known = family.answers(follower(request), request.example, spec, path)
            assert found.keys() == known.keys()
            for name, array in known.items():
                np.testing.assert_array_equal(found[name], array)


@pytest.mark.models
def test_a_tokenizer_that_changed_on_the_disk_is_read_again(cells: Cells, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(cells.folder("gpt2"), folder)
    first = tokenizer_of(folder)
    assert tokenizer_of(folder) is first
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text() + "\n")
    assert tokenizer_of(folder) is not first
