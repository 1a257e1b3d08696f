"""A database that is away or locked while results are ready, and a disk that is full: results wait and settle once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_workers import spooled, tries
from tests.faults.yard import LEASE, Yard, gated, job, open_yard
from tests.services import PostgresServer, ValkeyServer, postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Give a PostgreSQL of this module's own, to stop and start."""
    with postgres_server() as server:
        yield server


def test_a_result_that_is_ready_while_the_database_is_away_waits_in_the_spool(
    yard: Yard, postgres: PostgresServer
) -> None:
    worker = yard.worker("w")
    gate = yard.gate("away")
    yard.ready(worker)
    sweep = yard.submit(gated("w", gate), job("w"))
    yard.wait(gate.reached)
    postgres.stop()
    gate.open()
    yard.wait(lambda: spooled(yard, "w"))
    postgres.start()
    yard.engine.dispose()  # its connections are of before
    assert yard.ended(sweep) == {"done": 2}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["done"]]


def test_a_spool_that_cannot_be_written_and_no_database_lose_no_result(yard: Yard, postgres: PostgresServer) -> None:
    worker = yard.worker("w")
    gate = yard.gate("full")
    yard.ready(worker)
    sweep = yard.submit(gated("w", gate))
    yard.wait(gate.reached)
    spool = worker.folder / "spool"
    spool.rmdir()
    spool.touch()  # no folder: writing into it fails as it does on a full disk
    postgres.stop()
    gate.open()
    yard.wait(lambda: "kept in memory" in worker.log())
    postgres.start()
    yard.engine.dispose()  # its connections are of before
    assert yard.ended(sweep) == {"done": 1}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"]]


def test_sqlite_locked_by_another_writer_for_longer_than_a_lease(
    broker: ValkeyServer, tmp_path: Path, model_cache: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'farm.sqlite3'}"
    with open_yard(url, broker.url, cache_dir=model_cache) as yard:
        yard.scheduler()
        gate = yard.gate("locked")
        yard.ready(yard.worker("lite"))
        sweep = yard.submit(gated("lite", gate), job("lite"))
        yard.wait(gate.reached)
        with yard.engine.connect() as other:  # the transaction begins at once, and holds the file
            other.exec_driver_sql("UPDATE job SET priority = priority")
            time.sleep(1.5 * LEASE)
            gate.open()
        assert yard.ended(sweep) == {"done": 2}
        assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["done"]]
