"""Schedulers that die between commit and publish, or are two at once: each job is published, and queued once."""

from tests.faults.yard import Yard, job, kill
from tests.services import ValkeyServer

JOBS = 20


def test_a_scheduler_killed_between_commit_and_publish(yard: Yard, broker: ValkeyServer) -> None:
    yard.ready(yard.worker("w"))
    with broker.paused():
        sweep = yard.submit(*(job("w", seed=seed) for seed in range(JOBS // 2)))
        yard.wait(lambda: yard.states(sweep).get("queued"))
        kill(yard.schedulers[0])
    yard.scheduler()
    assert yard.ended(sweep) == {"done": JOBS // 2}


def test_of_two_schedulers_one_dies_and_each_job_is_queued_once(yard: Yard) -> None:
    second = yard.scheduler()
    yard.ready(yard.worker("w"))
    sweep = yard.submit(*(job("w", seed=seed) for seed in range(JOBS)))
    yard.wait(lambda: yard.states(sweep).get("done"))
    kill(yard.schedulers[-2])
    assert yard.ended(sweep) == {"done": JOBS}
    for detail in yard.jobs(sweep):
        assert [event.after for event in detail.events] == ["planned", "queued", "running", "done"]
    assert "published" in second.log()
