"""A broker that dies and forgets, hangs, is cut off or doubles messages: nothing is lost, and workers hear again."""

import signal
import time
from collections.abc import Iterator

import pytest

from farm.scheduler.queue import make_app, publish
from tests.faults.proxy import Proxy
from tests.faults.test_workers import tries
from tests.faults.yard import SOAK, WITHIN, Hand, Yard, gated, job, longer
from tests.services import ValkeyServer

JOBS = 6
FEW = 3
SILENCE = 3.0  # seconds: longer than the time after which a silent broker is connected to anew
HANGS = (30, 120) if SOAK else (SILENCE,)  # seconds
HOLE, DOWN = 40 - SILENCE, 150  # seconds more, in a soak


@pytest.fixture(scope="module")
def proxy(broker: ValkeyServer) -> Iterator[Proxy]:
    """Stand between the worker and the broker."""
    proxy = Proxy(broker.port)
    yield proxy
    proxy.close()


@pytest.fixture
def worker(yard: Yard, broker: ValkeyServer, proxy: Proxy) -> Hand:
    """Give a worker behind the proxy; no drill may end it."""
    return behind(yard, "behind", broker, proxy)


@pytest.fixture
def rival(yard: Yard, broker: ValkeyServer, proxy: Proxy) -> Hand:
    """Give another one."""
    return behind(yard, "rival", broker, proxy)


def behind(yard: Yard, name: str, broker: ValkeyServer, proxy: Proxy) -> Hand:
    """Give a worker that takes the jobs for it and those for both."""
    url = broker.url.replace(f":{broker.port}/", f":{proxy.port}/")
    hand = yard.worker(name, tags=("both",), FARM_BROKER_URL=url)
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


def test_a_network_that_swallows_messages_while_one_worker_idles_and_one_runs_a_job(
    yard: Yard, proxy: Proxy, worker: Hand, rival: Hand
) -> None:
    gate = yard.gate("hole")
    running = yard.submit(gated("rival", gate), *(job("rival", seed=seed) for seed in range(FEW)))
    yard.wait(gate.reached)
    with proxy.black_hole():
        swallowed = yard.submit(*(job("behind", seed=seed) for seed in range(FEW)))
        yard.wait(lambda: yard.states(swallowed).get("queued"))
        time.sleep(SILENCE)
        longer(HOLE)
    gate.open()
    assert yard.ended(swallowed) == {"done": FEW}
    assert yard.ended(running) == {"done": FEW + 1}
    assert [tries(each) for each in yard.jobs(running)] == [["done"]] * (FEW + 1)
    assert all(each.alive() for each in (worker, rival))


@pytest.mark.parametrize("seconds", HANGS)
def test_a_broker_that_hangs_while_one_worker_idles_and_one_runs_a_job(
    yard: Yard, broker: ValkeyServer, worker: Hand, rival: Hand, seconds: float
) -> None:
    gate = yard.gate(f"hanging{seconds}")
    running = yard.submit(gated("rival", gate), *(job("rival", seed=seed) for seed in range(FEW)))
    yard.wait(gate.reached)
    with broker.paused():
        waiting = yard.submit(*(job("behind", seed=seed) for seed in range(FEW)))
        gate.open()
        yard.wait(lambda: yard.states(running).get("done") == 1)  # a running job needs no broker
        time.sleep(seconds)
    assert yard.ended(waiting) == {"done": FEW}
    assert yard.ended(running) == {"done": FEW + 1}
    assert [tries(each) for each in yard.jobs(running)] == [["done"]] * (FEW + 1)
    assert all(each.alive() for each in (worker, rival))


def test_a_broker_that_is_down_while_one_worker_idles_and_one_runs_a_job(
    yard: Yard, broker: ValkeyServer, worker: Hand, rival: Hand
) -> None:
    gate = yard.gate("down")
    running = yard.submit(gated("rival", gate), *(job("rival", seed=seed) for seed in range(FEW)))
    yard.wait(gate.reached)
    broker.kill()
    waiting = yard.submit(*(job("behind", seed=seed) for seed in range(FEW)))
    yard.wait(lambda: yard.states(waiting).get("queued"))
    longer(DOWN)
    broker.start()
    assert yard.ended(waiting) == {"done": FEW}
    gate.open()  # in its job all the time
    assert yard.ended(running) == {"done": FEW + 1}
    assert [tries(each) for each in yard.jobs(running)] == [["done"]] * (FEW + 1)
    assert all(each.alive() for each in (worker, rival))


@pytest.mark.usefixtures("worker", "rival")
def test_every_message_delivered_four_times(yard: Yard, broker: ValkeyServer) -> None:
    sweep = yard.submit(*(job("both", seed=seed) for seed in range(2 * JOBS)))
    app = make_app(broker.url)
    for job_id in 3 * yard.ids(sweep):
        publish(app, [(job("both").requirement.queue(), job_id)])
    assert yard.ended(sweep) == {"done": 2 * JOBS}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"]] * 2 * JOBS


def test_a_worker_told_to_stop_while_the_broker_hangs_ends(broker: ValkeyServer, rival: Hand) -> None:
    with broker.paused():
        time.sleep(SILENCE)
        rival.process.send_signal(signal.SIGTERM)
        assert rival.process.wait(WITHIN) == 0
