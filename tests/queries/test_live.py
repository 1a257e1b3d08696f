"""The farm at one moment: who runs what, what waits for whom, and what ended lately."""

from datetime import timedelta

from sqlalchemy import Engine, update

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.machine import PlatformStatus
from farm.contract.requirement import Offer, Requirement
from farm.contract.states import JobState
from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.live import Live, live
from farm.scheduler.reap import reap
from farm.scheduler.register import offer_anew
from tests.builders import claimed, dispatched, done, failed, registered, spec, submitted

SILENCE = timedelta(seconds=30)


def look(engine: Engine) -> Live:
    with read(engine) as session:
        return live(session, silence=SILENCE)


def test_an_empty_farm_is_quiet(engine: Engine) -> None:
    seen = look(engine)
    assert (seen.states, seen.queues, seen.workers) == ({}, (), ())
    assert sum(seen.lately) == 0


def test_queues_and_workers_are_seen_as_they_stand(engine: Engine) -> None:
    quantum = Requirement(tags=("quantum",))
    submitted(engine, *(spec(seed=seed) for seed in range(5)), spec(platform="cpu", requirement=quantum))
    claimed(engine, registered(engine, "fake", name="busy"))
    registered(engine, "fake", name="idle")
    dispatched(engine)
    seen = look(engine)
    assert seen.states == {JobState.RUNNING: 1, JobState.QUEUED: 4, JobState.WAITING: 1}
    assert [(row.needs, row.queued, row.running, row.waiting, row.workers) for row in seen.queues] == [
        ("fake", 4, 1, 0, 2),
        ("quantum", 0, 0, 1, 0),
    ]
    assert [(row.name, row.cell) for row in seen.workers] == [("busy", spec(seed=0).cell()), ("idle", "")]
    assert seen.workers[0].running is not None
    assert seen.workers[1].running is None


def test_what_ended_lately_is_counted_and_what_ended_long_ago_is_not(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(4)), max_attempts=1)
    worker = registered(engine, "fake")
    doubt = Doubt(kind=DoubtKind.NOISY_HOST, figure=1.0, detail="")
    done(engine, worker, job_id=1, doubts=(doubt,))
    done(engine, worker, job_id=2)
    failed(engine, worker, job_id=3, code="crashed")
    claimed(engine, worker, job_id=4, lease_seconds=-1)
    with write(engine) as session:
        reap(session)
    assert look(engine).lately == (2, 1, 1, 0, 1)
    with write(engine) as session:
        session.execute(update(tables.Attempt).values(finished_at=now(session) - timedelta(hours=2)))
    assert sum(look(engine).lately) == 0


def test_a_worker_that_rests_says_why_and_one_that_fell_silent_is_not_shown(engine: Engine) -> None:
    resting, silent = registered(engine, "fake", name="resting"), registered(engine, "fake", name="silent")
    with write(engine) as session:
        nothing = Offer(tags=frozenset(), facts={})
        status = PlatformStatus(platform="fake", available=False, reason="it failed")
        offer_anew(session, resting.worker_id, nothing, platforms=[status])
        here = tables.Worker.id == silent.worker_id
        session.execute(update(tables.Worker).where(here).values(last_seen_at=now(session) - timedelta(minutes=5)))
    assert [(row.name, row.rests) for row in look(engine).workers] == [("resting", "it failed")]
