"""Processes that race for the same jobs, each claiming and settling whatever it gets: every job is done once."""

import multiprocessing
from collections import Counter
from multiprocessing.synchronize import Event
from typing import Final

from sqlalchemy import Engine, select

from farm.database import tables
from farm.database.engine import open_engine, read, write
from farm.queries.audit import audit
from farm.queries.jobs import get_job
from farm.scheduler.claim import claim
from farm.scheduler.register import Registration
from farm.scheduler.settle import settle_result
from tests.builders import RULES, dispatched, registered, result, spec, submitted
from tests.faults.yard import SOAK, note

JOBS: Final = 500
RACERS: Final = 4


def race(url: str, me: Registration, ready: Event, start: Event) -> None:
    """Try to claim every job, and settle those it gets; half of the racers begin at the end, so that none leads all."""
    engine = open_engine(url)
    brought = result(evidence=(), log_tail="")
    ready.set()
    start.wait()
    forwards = range(1, JOBS + 1)
    for job_id in forwards if me.worker_id % 2 else reversed(forwards):
        with write(engine) as session:
            claimed = claim(session, job_id, worker=me, lease_seconds=60)
        if claimed is not None:
            with write(engine) as session:
                assert settle_result(session, claimed.token, brought)


def test_of_racing_processes_each_job_has_one(engine: Engine, database_url: str) -> None:
    sweep = submitted(engine, *(spec(seed=seed) for seed in range(JOBS)))
    workers = [registered(engine, "fake", name=f"racer{number}") for number in range(RACERS)]
    assert len(dispatched(engine, RULES._replace(window=JOBS))) == JOBS
    context = multiprocessing.get_context("spawn")
    start, ready = context.Event(), [context.Event() for _ in workers]
    racers = [
        context.Process(target=race, args=(database_url, me, event, start))
        for me, event in zip(workers, ready, strict=True)
    ]
    for racer in racers:
        racer.start()
    for event in ready:
        event.wait()
    start.set()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * RACERS
    with read(engine) as session:
        assert audit(session, ended=sweep) == []
        shares = Counter(session.execute(select(tables.Attempt.worker_id)).scalars())
        if SOAK:
            note([get_job(session, name) for name in session.execute(select(tables.Job.public_id)).scalars()])
    assert sum(shares.values()) == JOBS
    assert len(shares) > 1  # SQLite may let one of them starve
