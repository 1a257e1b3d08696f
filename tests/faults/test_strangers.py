"""What strangers write to the broker does nothing but name jobs that exist; and nobody learns a password."""

import base64
import json
import pickle
import uuid
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from kombu.pools import reset

from farm.contract.requirement import Requirement
from farm.scheduler.message import UNREADABLE
from farm.scheduler.queue import KEY_PREFIX, RUN_TASK, make_app
from farm.scheduler.transport import read, written_anew
from tests.faults.yard import Hand, Yard, gated, job
from tests.services import ValkeyServer

QUEUE = Requirement(tags=("fake", "host")).queue()
NONE_OF_OURS = 999_999_999


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: str) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self.trace, "w")


def envelope(body: bytes, *, kind: str = "application/json", task: str = RUN_TASK, **headers: object) -> str:
    """A message as Celery's own client writes it to Redis, with anything in it."""
    told = {"lang": "py", "task": task, "id": str(uuid.uuid4()), "retries": 0, "argsrepr": "", "kwargsrepr": ""}
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary" if "python" in kind else "utf-8",
            "content-type": kind,
            "headers": told | headers,
            "properties": {
                "correlation_id": str(uuid.uuid4()),
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": QUEUE},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )


def call(*arguments: object) -> bytes:
    """The body of a call."""
    return json.dumps([arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def hostile(trace: str) -> Iterator[str]:
    """Everything that we could think of."""
    yield from ("", "garbage", "\x00\xff", "[]", "{}", "17", "null", '{"properties": {}}', "[" * 100_000)
    yield envelope(pickle.dumps(Bomb(trace)), kind="application/x-python-serialize")
    yield envelope(pickle.dumps([(Bomb(trace),), {}, {}]), kind="application/x-python-serialize")
    yield envelope(b"- !!python/object/apply:os.system [id]", kind="application/x-yaml")
    yield envelope(b"{broken", kind="application/json")
    yield envelope(b"[]")
    yield envelope(call())
    yield envelope(call(1, 2, 3))
    yield envelope(call("1; DROP TABLE job"))
    yield envelope(call({"id": 1}))
    for strange in (True, None, 1.5, -1, 0, 2**31, 2**63, 10**4000, "x" * 5_000_000, NONE_OF_OURS):
        yield envelope(call(strange))
    for task in ("os.system", "celery.chunks", "celery.starmap", "celery.backend_cleanup", "farm.other", ""):
        yield envelope(call([RUN_TASK, [[1]]]), task=task)
    yield envelope(call(1), eta="2099-01-01T00:00:00+00:00")
    yield envelope(call(NONE_OF_OURS), reply_to="somebody", chord={"task": "os.system"}, timelimit=[0.1, 0.1])


@pytest.fixture(scope="module")
def worker(yard: Yard) -> Hand:
    """Give the one worker of these tests."""
    hand = yard.worker("host")
    yard.ready(hand)
    return hand


def test_of_a_message_only_the_jobs_id_is_believed() -> None:
    ours = json.loads(envelope(call(7), eta="2099-01-01T00:00:00+00:00", chord={"task": "os.system"}))
    assert read(ours) == 7
    anew = written_anew(7, QUEUE)
    assert read(anew) == 7
    assert "2099" not in json.dumps(anew)
    for message in hostile("trace"):
        try:
            assert read(json.loads(message)) in (1, NONE_OF_OURS)
        except UNREADABLE:
            continue


def test_nothing_that_a_stranger_writes_does_anything(yard: Yard, broker: ValkeyServer, worker: Hand) -> None:
    trace = yard.folder / "unpickled"
    with broker.client() as client:
        for message in hostile(str(trace)):
            client.lpush(f"{KEY_PREFIX}{QUEUE}", message)
        sweep = yard.submit(*(job("host", seed=seed) for seed in range(3)))
        assert yard.ended(sweep) == {"done": 3}
        yard.wait(lambda: client.llen(f"{KEY_PREFIX}{QUEUE}") == 0)
    sweep = yard.submit(job("host", seed=3))
    assert yard.ended(sweep) == {"done": 1}
    assert worker.alive()
    assert not trace.exists()
    assert "message refused" in worker.log()
    assert "Restoring" not in worker.log()


def test_what_the_broker_refuses_ends_no_worker(yard: Yard, broker: ValkeyServer, worker: Hand) -> None:
    with broker.client() as client:
        client.set(f"{KEY_PREFIX}{QUEUE}", "no list")  # whoever meets it first removes it: who publishes, or who takes
        sweep = yard.submit(job("host", seed=8))
        assert yard.ended(sweep) == {"done": 1}
        removed = worker.log().count("removed what was no queue")
        client.set(f"{KEY_PREFIX}{QUEUE}", "no list")
        yard.wait(lambda: worker.log().count("removed what was no queue") > removed)
        for number, strange in enumerate(("garbage", "[]", '[{}, "", "queue"]')):
            client.hset(f"{KEY_PREFIX}unacked", str(number), strange)
            client.zadd(f"{KEY_PREFIX}unacked_index", {str(number): 1})
        client.replicaof("127.0.0.1", 1)
        yard.wait(lambda: "ReadOnlyError" in worker.log())
        client.replicaof("no", "one")  # connected anew, kombu would look for what was not acknowledged
    sweep = yard.submit(job("host", seed=7))
    assert yard.ended(sweep) == {"done": 1}
    assert worker.alive()


def test_nobody_controls_a_worker_through_the_broker(yard: Yard, broker: ValkeyServer, worker: Hand) -> None:
    app = make_app(broker.url)
    for command in ("shutdown", "pool_shrink", "cancel_consumer", "rate_limit", "ping"):
        assert not app.control.broadcast(
            command, arguments={"queue": QUEUE} if "cancel" in command else None, reply=True, timeout=0.2
        )
    app.control.revoke([str(number) for number in range(10)], terminate=True)
    sweep = yard.submit(job("host", seed=4))
    assert yard.ended(sweep) == {"done": 1}
    assert worker.alive()
    reset()


def test_no_password_is_in_logs_on_command_lines_or_in_what_children_inherit(
    yard: Yard, broker: ValkeyServer, worker: Hand
) -> None:
    gate = yard.gate("secrets")
    sweep = yard.submit(gated("host", gate, seed=6))
    yard.wait(gate.reached)
    hands = [worker, *yard.schedulers]
    below = [each for hand in hands for each in psutil.Process(hand.process.pid).children(recursive=True)]
    everybody = [*below, *(psutil.Process(hand.process.pid) for hand in hands)]
    assert below
    assert not [each.cmdline() for each in everybody if broker.password in " ".join(each.cmdline())]
    assert not [each.cmdline() for each in below if broker.password in " ".join(each.environ().values())]
    gate.open()
    assert yard.ended(sweep) == {"done": 1}
    assert broker.password not in yard.logs()
    assert not [
        path for path in yard.folder.rglob("*") if path.is_file() and broker.password.encode() in path.read_bytes()
    ]
