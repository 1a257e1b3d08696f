"""Job ids reach the queue of a real Redis in their order, whatever happened to the connection before."""

import json

from farm.scheduler.publish import PER_TRIP, publish
from farm.scheduler.queue import KEY_PREFIX, make_app
from farm.scheduler.transport import named
from tests.services import ValkeyServer

QUEUE = "farm.v1.any"


def waiting(broker: ValkeyServer, queue: str = QUEUE) -> list[int]:
    """The job ids that wait in a queue; the next one first."""
    with broker.client() as client:
        return [named(json.loads(message)) for message in reversed(client.lrange(KEY_PREFIX + queue, 0, -1))]


def test_ids_wait_in_their_order_in_the_queue_of_each(own_valkey: ValkeyServer) -> None:
    many = range(1, PER_TRIP + 2)
    publish(make_app(own_valkey.url), [*((QUEUE, job_id) for job_id in many), ("farm.v1.other", 7)])
    assert waiting(own_valkey) == [*many]
    assert waiting(own_valkey, "farm.v1.other") == [7]


def test_a_broker_that_was_restarted_meanwhile_gets_them_all_the_same(own_valkey: ValkeyServer) -> None:
    app = make_app(own_valkey.url)
    publish(app, [(QUEUE, 1)])
    own_valkey.kill()
    own_valkey.forget()
    own_valkey.start()
    publish(app, [(QUEUE, 2)])
    assert waiting(own_valkey) == [2]
