"""A broker that hangs or whose bytes are swallowed: drills that fail today, so only bench/soak.py runs them.

A worker that was consuming did not consume again within 45 seconds after a silence of 5 (timeouts of 2 seconds).
"""

import time

from tests.faults.proxy import Proxy
from tests.faults.test_broker import JOBS, proxy, worker
from tests.faults.test_workers import tries
from tests.faults.yard import Hand, Yard, gated, job, longer
from tests.services import ValkeyServer

__all__ = ["proxy", "worker"]  # fixtures

SILENCE = 5.0  # seconds: longer than the time after which a silent broker is connected to anew
HANG, HOLE = 30, 40  # seconds, in a soak


def test_a_broker_that_hangs(yard: Yard, broker: ValkeyServer, worker: Hand) -> None:
    gate = yard.gate("hanging")
    sweep = yard.submit(gated("behind", gate), *(job("behind", seed=seed) for seed in range(JOBS)))
    yard.wait(gate.reached)
    with broker.paused():
        gate.open()
        yard.wait(lambda: yard.states(sweep).get("done") == 1)
        time.sleep(SILENCE)
        longer(HANG)
    assert yard.ended(sweep) == {"done": JOBS + 1}
    assert worker.alive()


def test_a_network_that_swallows_messages_while_a_worker_idles(yard: Yard, proxy: Proxy, worker: Hand) -> None:
    with proxy.black_hole():
        sweep = yard.submit(job("behind"))
        yard.wait(lambda: yard.states(sweep) == {"queued": 1})
        time.sleep(SILENCE)
        longer(HOLE)
    assert yard.ended(sweep) == {"done": 1}


def test_a_network_that_swallows_messages_while_a_job_runs(yard: Yard, proxy: Proxy, worker: Hand) -> None:
    gate = yard.gate("hole")
    sweep = yard.submit(gated("behind", gate), job("behind"))
    yard.wait(gate.reached)
    with proxy.black_hole():
        time.sleep(SILENCE)
        longer(HOLE)
    gate.open()
    assert yard.ended(sweep) == {"done": 2}
    assert [tries(each) for each in yard.jobs(sweep)] == [["done"], ["done"]]
