"""How the box was: known differences of snapshots give known doubts, and hogs are seen beside a real child."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine

from farm.contract.doubts import DoubtKind
from tests import builders
from tests.workers.test_child import order
from workers import conditions, processes, sensors
from workers.child import Launcher
from workers.conditions import Glimpse, Look, Snapshot, Survey
from workers.preload import modules
from workers.processes import Interruptions, Process
from workers.watch import Watch

pytestmark = pytest.mark.alone

OURS, HOG, KERNEL = 100, 200, 2
PLENTY = psutil.virtual_memory().total


def snapshot(*, survey: dict[str, Any] | None = None, **changes: Any) -> Snapshot:
    """A moment of a quiet box, or with changes."""
    look: dict[str, Any] = {
        "at": 1000.0,
        "busy": 500.0,
        "steal": 10.0,
        "ours": 5.0,
        "worker": 3.0,
        "interruptions": Interruptions(10, 2),
        "cpu_stalled": 1.0,
        "memory_stalled": 1.0,
        "load": 0.5,
        "free": PLENTY,
    }
    around: dict[str, Any] = {
        "at": 1000.0,
        "processes": {OURS: Process("python", OURS, 5.0), HOG: Process("hog", HOG, 50.0)},
        "clock": 3e9,
        "temperature": 50.0,
        "throttle_events": 7,
    }
    return Snapshot(OURS, Survey(**(around | (survey or {}))), Look(**(look | changes)))


def later(*, survey: dict[str, Any] | None = None, **changes: Any) -> Snapshot:
    """Ten seconds later, in which the child used two cores and nobody else did anything."""
    passed: dict[str, Any] = {"at": 1010.0, "busy": 520.0, "ours": 25.0, "worker": 3.01}
    return snapshot(survey={"at": 1010.0, **(survey or {})}, **(passed | changes))


def kinds(before: Snapshot, after: Snapshot) -> list[DoubtKind]:
    """The doubts between two moments."""
    return [doubt.kind for doubt in conditions.compare(before, after)[1]]


def test_a_quiet_box_is_not_doubted() -> None:
    found, doubts = conditions.compare(snapshot(), later(interruptions=Interruptions(30, 5)))
    assert doubts == ()
    assert found["foreign_cores"] == pytest.approx(0)
    assert (found["voluntary_switches"], found["involuntary_switches"]) == (20, 3)
    assert found["worker_cpu_seconds"] == pytest.approx(0.01)
    assert found["absent"] == {}


def test_foreign_work_is_doubted_and_the_busiest_process_named() -> None:
    table = {
        OURS: Process("python", OURS, 25.0),
        101: Process("helper of ours", OURS, 9.0),
        HOG: Process("hog", HOG, 62.0),
        KERNEL: Process("kworker", KERNEL, 1.0),
    }
    found, doubts = conditions.compare(snapshot(), later(busy=533.0, survey={"processes": table}))
    assert [doubt.kind for doubt in doubts] == [DoubtKind.NOISY_HOST]
    assert doubts[0].figure == pytest.approx(1.3)
    assert doubts[0].detail.endswith("; the busiest was hog (process 200) with 1.20")
    assert found["busiest_foreign"] == {"name": "hog", "pid": HOG, "cores": pytest.approx(1.2)}


def test_time_stolen_by_the_hypervisor_is_noise_with_nobody_to_name() -> None:
    _, doubts = conditions.compare(snapshot(), later(steal=18.0))
    assert [doubt.kind for doubt in doubts] == [DoubtKind.NOISY_HOST]
    assert "the hypervisor took 0.80" in doubts[0].detail
    assert "busiest" not in doubts[0].detail


def test_half_a_core_is_noise_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda: 128)
    assert kinds(snapshot(), later(busy=524.0)) == []
    assert kinds(snapshot(), later(busy=526.0)) == [DoubtKind.NOISY_HOST]


def test_heat_and_want_of_memory_are_doubted() -> None:
    assert kinds(snapshot(), later(survey={"throttle_events": 9})) == [DoubtKind.THROTTLED]
    assert kinds(snapshot(), later(free=PLENTY // 50)) == [DoubtKind.LOW_MEMORY]
    assert kinds(snapshot(), later(memory_stalled=3.0)) == [DoubtKind.LOW_MEMORY]


def test_the_worst_moment_within_the_loop_counts() -> None:
    during = (Glimpse(9.0, PLENTY // 100, 1e9), Glimpse(1.0, PLENTY, 2e9))
    found, doubts = conditions.compare(snapshot(), later(), during)
    assert [doubt.kind for doubt in doubts] == [DoubtKind.LOW_MEMORY]
    assert found["load_during"] == 9.0
    assert found["clock_hertz"] == {"before": 3e9, "during_least": 1e9, "after": 3e9}


def test_what_the_machine_does_not_tell_is_absent_with_the_reason() -> None:
    silent = {"clock": None, "temperature": None, "throttle_events": None}
    before = snapshot(survey=silent, cpu_stalled=None, memory_stalled=None)
    found, doubts = conditions.compare(before, later(survey=silent, at=1000.1, interruptions=None))
    absent = found["absent"]
    assert isinstance(absent, dict)
    assert set(sensors.ABSENT) | {"foreign_cores", "stolen_cores", "involuntary_switches"} <= set(absent)
    assert not set(absent) & set(found)
    assert all(absent.values())
    assert doubts == ()


def test_sensors_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    for cpu, name, count in ((0, "core", 3), (0, "package", 4), (1, "core", 5)):
        folder = tmp_path / f"cpu{cpu}" / "thermal_throttle"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}_throttle_count").write_text(f"{count}\n")
    assert sensors.throttle_events(tmp_path) == 12
    (tmp_path / "memory").write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=1\n")
    assert sensors.stalled("memory", tmp_path) == pytest.approx(2.5)
    assert sensors.stalled("cpu", tmp_path) is None
    assert sensors.throttle_events(tmp_path / "none") is None


def test_processes_are_told_with_their_session_and_what_they_used() -> None:
    with hogs(1) as (hog,):
        before = processes.cpu_seconds(hog)
        while processes.cpu_seconds(hog) < before + 0.1:
            time.sleep(0.05)
        found = processes.table()[hog]
        assert found.session == os.getsid(hog)
        assert found.seconds > 0
        assert hog in processes.descent(os.getpid())
    assert processes.interruptions(hog) is None
    assert processes.cpu_seconds(hog) == 0


@contextmanager
def hogs(count: int) -> Iterator[tuple[int, ...]]:
    """Keep so many cores busy; give the processes' ids."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield tuple(each.pid for each in started)
    finally:
        for each in started:
            each.kill()
            each.wait()


def watched(engine: Engine, cache: Path, *, calls: int) -> Watch:
    """Run a job of so many calls of 50 ms, watched as a worker does."""
    claim = builders.claimed(engine, builders.registered(engine, "fake"))
    watch = Watch(engine, claim, lease_seconds=60, stop_now=Event())
    measure = {"min_iterations": calls, "max_iterations": calls, "min_seconds": 0, "warmup_seconds": 0}
    given = order(cache, "measure", options={"latency": 0.05}, measure=measure)
    answer = Launcher(modules(["fake"])).run(given, watch)
    assert answer.failure is None, answer.log_tail
    return watch


def test_a_hog_beside_a_job_is_doubted_and_named(engine: Engine, model_cache: Path) -> None:
    builders.submitted(engine, builders.spec())
    with hogs(psutil.cpu_count() or 1):
        watch = watched(engine, model_cache, calls=30)
    noisy = next(doubt for doubt in watch.doubts if doubt.kind is DoubtKind.NOISY_HOST)
    assert noisy.figure > conditions.NOISY_SHARE * (psutil.cpu_count() or 1)
    named = watch.conditions[0]["busiest_foreign"]
    assert isinstance(named, dict)
    assert f"the busiest was {named['name']} (process {named['pid']})" in noisy.detail


def test_the_worker_leaves_the_cores_to_its_child(engine: Engine, model_cache: Path) -> None:
    builders.submitted(engine, builders.spec())
    (found,) = watched(engine, model_cache, calls=40).conditions
    wall, used = found["wall_seconds"], found["worker_cpu_seconds"]
    assert isinstance(wall, float)
    assert isinstance(used, float)
    assert wall >= 2
    assert used < 0.05 * wall
    assert found["load_during"] is not None
    assert isinstance(found["involuntary_switches"], int)
