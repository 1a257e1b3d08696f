"""A broker that dies and forgets, is cut off, or doubles messages: SQL knows better; nothing is lost or doubled."""

from collections.abc import Iterator

import pytest

from farm.scheduler.queue import make_app, publish
from tests.faults.proxy import Proxy
from tests.faults.test_workers import tries
from tests.faults.yard import Hand, Yard, gated, job
from tests.services import ValkeyServer

JOBS = 6


@pytest.fixture(scope="module")
def proxy(broker: ValkeyServer) -> Iterator[Proxy]:
    """Stand between the worker and the broker."""
    proxy = Proxy(broker.port)
    yield proxy
    proxy.close()


@pytest.fixture
def worker(yard: Yard, broker: ValkeyServer, proxy: Proxy) -> Hand:
    """Give the one worker of this module, behind the proxy; no drill may end it."""
    url = broker.url.replace(f":{broker.port}/", f":{proxy.port}/")
    hand = yard.worker("behind", FARM_BROKER_URL=url)
    yard.ready(hand)
    return hand


def test_a_broker_killed_without_memory_in_the_middle_of_a_sweep(
    yard: Yard, broker: ValkeyServer, worker: Hand
) -> None:
    gate = yard.gate("forgetful")
    sweep = yard.submit(gated("behind", gate), *(job("behind", seed=seed) for seed in range(JOBS)))
    yard.wait(gate.reached)
    broker.kill()
    broker.forget()
    gate.open()
    yard.wait(lambda: yard.states(sweep).get("done") == 1)
    broker.start()
    assert yard.ended(sweep) == {"done": JOBS + 1}
    assert worker.alive()


def test_all_connections_cut_while_a_job_runs(yard: Yard, proxy: Proxy, worker: Hand) -> None:
    gate = yard.gate("cut")
    sweep = yard.submit(gated("behind", gate), job("behind"))
    yard.wait(gate.reached)
    assert proxy.cut() > 0
    gate.open()
    assert yard.ended(sweep) == {"done": 2}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["done"]]
    assert worker.alive()


def test_every_message_delivered_four_times(yard: Yard, broker: ValkeyServer, worker: Hand) -> None:
    rival = yard.worker("rival", tags=("behind",))
    yard.ready(rival, worker)
    sweep = yard.submit(*(job("behind", seed=seed) for seed in range(2 * JOBS)))
    app = make_app(broker.url)
    for job_id in 3 * yard.ids(sweep):
        publish(app, [(job("behind").requirement.queue(), job_id)])
    assert yard.ended(sweep) == {"done": 2 * JOBS}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"]] * 2 * JOBS
