"""What waits in the spool settles once, stands in nobody's way, and is not lost with a full disk."""

import resource
import threading
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from farm.contract.result import Measurement
from farm.database.engine import read
from farm.queries.jobs import get_job
from farm.scheduler.claim import Claim
from tests.builders import claimed, measured, registered, result, spec, states, submitted
from workers.settling import settle_waiting
from workers.spool import Spool, Spooled


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def held(engine: Engine) -> tuple[Claim, Claim]:
    """Give two running attempts."""
    submitted(engine, spec(seed=1), spec(seed=2))
    worker = registered(engine, "fake")
    return claimed(engine, worker, job_id=1), claimed(engine, worker, job_id=2)


def files(tmp_path: Path) -> set[str]:
    return {path.suffix for path in (tmp_path / "spool").iterdir()}


def test_what_waits_is_settled_and_gone(
    engine: Engine, spool: Spool, held: tuple[Claim, Claim], tmp_path: Path
) -> None:
    for claim in held:
        spool.put(Spooled(token=claim.token, result=result()))
    assert settle_waiting(engine, spool)
    assert states(engine) == ["done", "done"]
    assert files(tmp_path) == set()


def test_two_threads_settle_one_result_once(engine: Engine, spool: Spool, held: tuple[Claim, Claim]) -> None:
    answers = []
    spool.put(Spooled(token=held[0].token, result=result()))
    threads = [threading.Thread(target=lambda: answers.append(settle_waiting(engine, spool))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 4
    assert states(engine) == ["done", "running"]


def test_a_file_that_cannot_be_read_is_set_aside(
    engine: Engine, spool: Spool, held: tuple[Claim, Claim], tmp_path: Path
) -> None:
    (tmp_path / "spool" / "broken.json").write_text('{"token": "broken", "resu')
    spool.put(Spooled(token=held[0].token, result=result()))
    assert settle_waiting(engine, spool)
    assert states(engine) == ["done", "running"]
    assert files(tmp_path) == {".aside"}


def test_a_result_that_the_database_refuses_is_an_honest_failure(
    engine: Engine, spool: Spool, held: tuple[Claim, Claim], tmp_path: Path
) -> None:
    twice: tuple[Measurement, ...] = (measured("latency", 1.0), measured("latency", 2.0))
    spool.put(Spooled(token=held[0].token, result=result(measurements=twice)))
    spool.put(Spooled(token=held[1].token, result=result()))
    assert settle_waiting(engine, spool)
    assert states(engine) == ["failed", "done"]
    with read(engine) as session:
        (attempt,) = get_job(session, held[0].public_id).attempts
    assert (attempt.code, attempt.stage) == ("result_refused", "settle")
    assert "unique" in (attempt.message or "").lower()
    assert files(tmp_path) == set()


def test_on_a_full_disk_the_result_is_kept_in_memory(
    engine: Engine, spool: Spool, held: tuple[Claim, Claim], tmp_path: Path
) -> None:
    full = tmp_path / "spool"
    full.rmdir()
    full.symlink_to("/dev/full")  # neither a folder nor writable: what a full disk says, at once
    spool.put(Spooled(token=held[0].token, result=result()))
    full.unlink()
    full.mkdir()
    assert settle_waiting(engine, spool)
    assert states(engine) == ["done", "running"]


def test_a_disk_that_fills_up_while_a_result_is_written_leaves_nothing_half_written(
    engine: Engine, spool: Spool, held: tuple[Claim, Claim], tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with structlog.testing.capture_logs() as lines:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # bytes of a file: what goes beyond is refused
        try:
            spool.put(Spooled(token=held[0].token, result=result(log_tail="x" * 10_000)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "kept in memory" in lines[0]["event"]
    assert files(tmp_path) == set()
    assert settle_waiting(engine, spool)
    assert states(engine) == ["done", "running"]
