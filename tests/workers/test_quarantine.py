"""A worker of a quarantined machine leaves its queues and offers nothing; afterwards it is what it was before."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from farm.contract.machine import PlatformStatus
from farm.contract.requirement import Offer, Requirement
from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.live import live
from farm.scheduler.canary import enlist_due
from farm.scheduler.queue import make_app
from tests.builders import dispatched, done, failed, registered, spec, submitted
from tests.scheduler.test_canary import canary
from workers.quarantine import Quarantine
from workers.subscription import Subscription

OFFER = Offer(tags=frozenset({"fake"}), facts={})
PLATFORMS = (PlatformStatus(platform="fake", available=True, tags=("fake",)),)
QUEUE = Requirement(tags=("fake",)).queue()


class Consumer:
    """Does at once what Celery's consumer does in its own thread, as far as a subscription asks it."""

    def __init__(self) -> None:
        self.consuming = {QUEUE}

    def call_soon(self, do: Any, name: str) -> None:
        do(name)

    def add_task_queue(self, name: str) -> None:
        self.consuming.add(name)

    def cancel_task_queue(self, name: str) -> None:
        self.consuming.discard(name)


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def test_a_quarantined_worker_rests_and_comes_back(engine: Engine, consumer: Consumer) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(9)), max_attempts=1)
    broken, sound = registered(engine, "fake", host="broken", name="b"), registered(engine, "fake", host="sound")
    subscription = Subscription(make_app("memory://"), engine, OFFER, always={QUEUE})
    quarantine = Quarantine(broken, OFFER, platforms=PLATFORMS, subscription=subscription)

    def beat() -> None:
        with write(engine) as session:
            reason = quarantine.look(session)
        quarantine.heed(reason, SimpleNamespace(consumer=consumer))

    done(engine, sound, job_id=1)
    beat()
    assert consumer.consuming == {QUEUE}
    for job_id in range(2, 7):
        failed(engine, broken, job_id=job_id, code="crashed")
    beat()
    assert consumer.consuming == set()
    with read(engine) as session:
        rests = {row.name: row.rests for row in live(session, silence=timedelta(seconds=30)).workers}
    assert rests["b"].startswith("quarantined until")
    assert rests["worker"] == ""
    with write(engine) as session:  # the sound one leaves: what is left waits, and says why
        gone = tables.Worker.id == sound.worker_id
        session.execute(update(tables.Worker).where(gone).values(stopped_at=now(session)))
    dispatched(engine)
    with read(engine) as session:
        waiting = session.execute(select(tables.Job.reason).where(tables.Job.state == "waiting")).scalars().all()
    assert len(waiting) == 3
    assert all("quarantined until" in reason for reason in waiting)
    with write(engine) as session:
        session.execute(update(tables.Attempt).values(finished_at=now(session) - timedelta(hours=1)))
    beat()
    assert consumer.consuming == {QUEUE}
    dispatched(engine)
    with read(engine) as session:
        assert session.execute(select(tables.Job.id).where(tables.Job.state == "waiting")).all() == []


def test_a_queue_that_appears_during_the_rest_is_served_after_it(engine: Engine, consumer: Consumer) -> None:
    worker = SimpleNamespace(consumer=consumer)
    subscription = Subscription(make_app("memory://"), engine, OFFER, always={QUEUE})
    subscription.rest(worker)
    need = Requirement(tags=("fake",), minimum={"cores": 0})
    submitted(engine, spec(requirement=need))
    subscription.look(worker)
    assert consumer.consuming == set()
    subscription.resume(worker)
    assert consumer.consuming == {QUEUE, need.queue()}


def test_a_resting_worker_runs_canaries_all_the_same(engine: Engine, consumer: Consumer) -> None:
    worker = SimpleNamespace(consumer=consumer)
    offer = Offer(tags=frozenset({"fake", "canary:fake:box"}), facts={})
    subscription = Subscription(make_app("memory://"), engine, offer, always={QUEUE})
    subscription.rest(worker)
    registered(engine, *offer.tags)
    with write(engine) as session:
        enlist_due(session, every=timedelta(days=1), silence=timedelta(seconds=30))
    subscription.look(worker)
    canaries = {Requirement(tags=("canary:fake:box",)).queue()}
    assert consumer.consuming == canaries
    subscription.resume(worker)
    assert consumer.consuming == {QUEUE, *canaries}
    subscription.rest(worker)
    assert consumer.consuming == canaries


def test_a_worker_whose_machine_drifts_rests_with_the_reason(engine: Engine) -> None:
    offer = Offer(tags=frozenset({"fake", "canary:fake:box"}), facts={})
    me = registered(engine, *offer.tags)
    subscription = Subscription(make_app("memory://"), engine, offer, always={QUEUE})
    quarantine = Quarantine(me, offer, platforms=PLATFORMS, subscription=subscription)
    for seconds in (0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.02):
        canary(engine, me, seconds)
    with write(engine) as session:
        assert "its canary" in (quarantine.look(session) or "")
    with read(engine) as session:
        (row,) = live(session, silence=timedelta(seconds=30)).workers
    assert row.rests.startswith("quarantined until its canary is well again")
