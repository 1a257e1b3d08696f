"""Workers that are killed, paused, told to stop, or whose clock jumps: no job is lost and no result is doubled."""

import re
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from farm.contract.states import AttemptState
from farm.database import tables
from farm.database.engine import read, write
from farm.queries.jobs import JobDetail
from farm.scheduler.cancel import cancel
from tests.faults.yard import LEASE, Hand, Yard, gated, job, kill

HOUR = 3600  # seconds
CLOCK = Path(__file__).with_name("clock.c")


def tries(detail: JobDetail) -> list[str]:
    """How each attempt at a job ended."""
    return [attempt.state for attempt in detail.attempts]


def spooled(yard: Yard, worker: str) -> list[Path]:
    return [*(yard.folder / worker / "spool").glob("*.json")]


def lease(yard: Yard) -> datetime:
    """Give the end of the one lease that runs."""
    with read(yard.engine) as session:
        running = tables.Attempt.state == AttemptState.RUNNING
        return session.execute(select(tables.Attempt.lease_until).where(running)).scalar_one()


def ahead(worker: Hand) -> float:
    """Give how far the clock of a worker is ahead of ours, by the time of its last log line. In seconds."""
    told = re.findall(r"^(\S+Z) ", worker.log(), flags=re.MULTILINE)[-1]
    return (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()


def test_a_worker_killed_in_any_stage_loses_no_job(yard: Yard) -> None:
    stages = ("claimed", "loading", "measuring", "settling")
    workers = {stage: yard.worker(stage) for stage in stages}
    gates = {stage: yard.gate(stage) for stage in stages[1:]}
    yard.ready(*workers.values())
    workers["claimed"].fork_server().suspend()
    sweep = yard.submit(
        job("claimed"),
        gated("loading", gates["loading"], stage="load"),
        gated("measuring", gates["measuring"]),
        gated("settling", gates["settling"]),
    )
    yard.wait(lambda: yard.states(sweep) == {"running": 4} and all(gate.reached() for gate in gates.values()))
    with yard.engine.connect() as other:
        other.execute(text("LOCK TABLE measurement IN SHARE MODE"))
        gates["settling"].open()
        yard.wait(lambda: spooled(yard, "settling"))
        kill(*workers.values())
    for gate in gates.values():
        gate.open()
    yard.worker("settling")
    yard.worker("rescue", tags=stages[:3])
    assert yard.ended(sweep) == {"done": 4}
    claimed, loading, measuring, settling = map(tries, yard.jobs(sweep))
    assert claimed == loading == measuring == ["expired", "done"]
    assert settling in (["done"], ["expired", "done"])  # from the spool, if its box's worker is back in time


def test_a_worker_told_to_stop_finishes_its_job_and_a_second_word_gives_it_back(yard: Yard) -> None:
    patient, hasty = yard.worker("rescue"), yard.worker("settling")
    first, second = yard.gate("first"), yard.gate("second")
    yard.ready(patient, hasty)
    sweep = yard.submit(gated("rescue", first), gated("settling", second))
    yard.wait(lambda: first.reached() and second.reached())
    for worker in (patient, hasty):
        worker.process.send_signal(signal.SIGTERM)
    yard.wait(lambda: all("told to stop" in worker.log() for worker in (patient, hasty)))
    hasty.process.send_signal(signal.SIGTERM)
    yard.worker("next", tags=("settling",))  # it is ready when the job is given back
    assert hasty.process.wait(20) == 0
    assert patient.alive()
    assert "done" not in yard.states(sweep)
    for gate in (first, second):
        gate.open()
    assert patient.process.wait(20) == 0
    assert yard.ended(sweep) == {"done": 2}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["released", "done"]]


def test_a_worker_that_lost_its_lease_settles_nothing_over_a_newer_attempt(yard: Yard) -> None:
    frozen = yard.worker("next")
    gate = yard.gate("frozen")
    yard.ready(frozen)
    sweep = yard.submit(gated("next", gate))
    yard.wait(gate.reached)
    frozen.process.send_signal(signal.SIGSTOP)
    gate.open_for_others()
    yard.worker("another", tags=("next",))
    assert yard.ended(sweep) == {"done": 1}
    gate.open()  # its child answers while it is frozen
    frozen.process.send_signal(signal.SIGCONT)
    yard.wait(lambda: "no longer ours" in frozen.log() or "standing=lost" in frozen.log())
    assert yard.ended(sweep) == {"done": 1}
    assert [tries(each) for each in yard.jobs(sweep)] == [["expired", "done"]]


def test_a_cancelled_sweep_stops_whatever_its_jobs_do(yard: Yard) -> None:
    worker = yard.worker("another")
    gate = yard.gate("cancelled")
    yard.ready(worker)
    sweep = yard.submit(gated("another", gate), *(job("another", seed=seed) for seed in range(30)))
    yard.wait(gate.reached)
    with write(yard.engine) as session:
        cancel(session, sweep)
    assert yard.ended(sweep) == {"cancelled": 31}
    gate.open()
    after = yard.submit(job("another", seed=99))
    assert yard.ended(after) == {"done": 1}
    assert yard.states(sweep) == {"cancelled": 31}


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a library that shifts the wall clock of the process it is loaded into, by what a file says."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler to build a clock that jumps")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, CLOCK, "-ldl"], check=True)
    return library


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_while_a_job_runs_changes_nothing(yard: Yard, clock: Path, jump: int) -> None:
    shift = yard.folder / "shift"
    shift.write_text("0")
    worker = yard.worker("jumpy", LD_PRELOAD=str(clock), CLOCK_SHIFT=str(shift))
    gate = yard.gate(f"clock{jump}")
    yard.ready(worker)
    sweep = yard.submit(gated("jumpy", gate), job("jumpy"))
    yard.wait(gate.reached)
    before = lease(yard)
    shift.write_text(str(jump))
    yard.wait(lambda: lease(yard) > before + 2 * timedelta(seconds=LEASE / 4))  # renewed twice by the other clock
    gate.open()
    assert yard.ended(sweep) == {"done": 2}
    assert abs(ahead(worker) - jump) < HOUR / 2
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["done"]]
