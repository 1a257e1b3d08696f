"""A broker that hangs, a network that swallows messages with the sockets open: workers hear again when it is over."""

import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.faults.test_workers import tries
from tests.faults.yard import Hand, Yard, gated, job, longer
from tests.services import ValkeyServer

SILENCE = 3.5  # seconds: longer than the time after which a silent broker is connected to anew
HANG, HOLE = 30 - SILENCE, 40 - SILENCE  # seconds more, in a soak
JOBS = 3


@pytest.fixture(scope="module")
def proxy(broker: ValkeyServer) -> Iterator[Proxy]:
    """Stand between the workers and the broker."""
    proxy = Proxy(broker.port)
    yield proxy
    proxy.close()


@pytest.fixture
def workers(yard: Yard, broker: ValkeyServer, proxy: Proxy) -> tuple[Hand, Hand]:
    """Give two workers behind the proxy, each with a queue of its own; no drill may end them."""
    url = broker.url.replace(f":{broker.port}/", f":{proxy.port}/")
    hands = yard.worker("idle", FARM_BROKER_URL=url), yard.worker("busy", FARM_BROKER_URL=url)
    yard.ready(*hands)
    return hands


def test_a_network_that_swallows_messages_while_one_worker_idles_and_one_runs_a_job(
    yard: Yard, proxy: Proxy, workers: tuple[Hand, Hand]
) -> None:
    gate = yard.gate("hole")
    running = yard.submit(gated("busy", gate), *(job("busy", seed=seed) for seed in range(JOBS)))
    yard.wait(gate.reached)
    with proxy.black_hole():
        swallowed = yard.submit(*(job("idle", seed=seed) for seed in range(JOBS)))
        yard.wait(lambda: yard.states(swallowed) == {"queued": JOBS})
        time.sleep(SILENCE)
        longer(HOLE)
    gate.open()
    assert yard.ended(swallowed) == {"done": JOBS}
    assert yard.ended(running) == {"done": JOBS + 1}
    assert [tries(each) for each in yard.jobs(running)] == [["done"]] * (JOBS + 1)
    assert all(worker.alive() for worker in workers)


def test_a_broker_that_hangs_while_one_worker_idles_and_one_runs_a_job(
    yard: Yard, broker: ValkeyServer, workers: tuple[Hand, Hand]
) -> None:
    gate = yard.gate("hanging")
    running = yard.submit(gated("busy", gate), *(job("busy", seed=seed) for seed in range(JOBS)))
    yard.wait(gate.reached)
    with broker.paused():
        waiting = yard.submit(*(job("idle", seed=seed) for seed in range(JOBS)))
        gate.open()
        yard.wait(lambda: yard.states(running).get("done") == 1)  # a running job needs no broker
        time.sleep(SILENCE)
        longer(HANG)
    assert yard.ended(waiting) == {"done": JOBS}
    assert yard.ended(running) == {"done": JOBS + 1}
    assert [tries(each) for each in yard.jobs(running)] == [["done"]] * (JOBS + 1)
    assert all(worker.alive() for worker in workers)
