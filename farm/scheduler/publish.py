"""Job ids go to their queues, many in one round trip where the broker can do that (Redis).

In: the ids and the queue of each. Out: messages on the broker; how many arrived is unknown when it is out of reach.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from amqp.exceptions import AMQPError
from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from farm.scheduler.address import is_redis
from farm.scheduler.queue import RUN_TASK
from farm.scheduler.transport import written_anew

PER_TRIP: Final = 500  # messages
#: What publishing raises when the broker is out of reach.
UNREACHABLE: Final = (OperationalError, RedisError, AMQPError, OSError)


def publish(app: Celery, messages: Iterable[tuple[str, int]]) -> None:
    """Send job ids, each to its queue.

    Raises: one of UNREACHABLE; how many of them arrived is then unknown.
    """
    with app.producer_or_acquire() as producer:
        send = _push if is_redis(app.conf.broker_url) else _send
        for name, of_queue in groupby(messages, key=itemgetter(0)):
            send(app, producer, name=name, job_ids=[job_id for _, job_id in of_queue])


def _push(app: Celery, producer: Any, *, name: str, job_ids: Sequence[int]) -> None:
    """Write the messages into the list that a queue of Redis is; Celery would spend ten times as long on each.

    After a fault of the connection all of them are written again: a worker that gets one twice claims nothing.
    """

    def push() -> None:
        with producer.channel.conn_or_acquire() as client:
            for first in range(0, len(job_ids), PER_TRIP):
                some = job_ids[first : first + PER_TRIP]
                client.lpush(name, *(json.dumps(written_anew(job_id, name)) for job_id in some))

    producer.connection.ensure(producer, push, **app.conf.task_publish_retry_policy)()


def _send(app: Celery, producer: Any, *, name: str, job_ids: Sequence[int]) -> None:
    """Send each by itself, as Celery does."""
    queue = Queue(name, routing_key=name)
    for job_id in job_ids:
        app.send_task(RUN_TASK, args=(job_id,), queue=queue, ignore_result=True, producer=producer)
