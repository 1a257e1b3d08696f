"""The Redis transport of kombu, but that of a message only the job's id is believed: all else is written anew.

Anybody who reaches the broker can write to its queues. kombu and Celery would act on much that stands in a message
(other tasks, callbacks, times to wait for), and some of what is no message at all would end the worker.
"""

import base64
import json
import uuid
from typing import Any, Final

import structlog
from kombu.transport import redis

from farm.scheduler.queue import RUN_TASK

MOST_JOBS: Final = 2**31 - 1  # the highest key of a job
LONGEST: Final = 1000  # characters of a body that can name a job
REFUSED: Final = "message refused"
UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)

log = structlog.get_logger()


def named(message: Any) -> int:
    """Give the id of the job that a message names.

    Raises: one of UNREADABLE, whatever is wrong with it.
    """
    if message["headers"]["task"] != RUN_TASK:
        raise ValueError("it is for no task of the farm")
    if len(message["body"]) > LONGEST:
        raise ValueError("it is longer than one that names a job")
    (job_id,), _, _ = json.loads(base64.b64decode(message["body"]))
    if type(job_id) is not int or not 0 < job_id <= MOST_JOBS:
        raise ValueError("it names no job")
    return job_id


def written_anew(job_id: int, queue: str) -> dict[str, object]:
    """Give the message that the farm itself would have sent."""
    name = str(uuid.uuid4())
    headers = {
        "lang": "py",
        "task": RUN_TASK,
        "id": name,
        "root_id": name,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": f"({job_id},)",  # what monitors show
        "kwargsrepr": "{}",
    }
    properties = {
        "correlation_id": name,
        "delivery_tag": str(uuid.uuid4()),
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_mode": 2,
        "priority": 0,
        "body_encoding": "base64",
    }
    return {
        "body": base64.b64encode(json.dumps([[job_id], {}, {}]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    }


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Reads queues that anybody may have written to."""

    def _brpop_read(self, **options: object) -> bool | None:
        try:
            return bool(super()._brpop_read(**options))
        except UNREADABLE as error:
            if self.connection.delivering:  # then it is not the message that is at fault
                raise
            log.warning(REFUSED, reason=f"it is not JSON: {type(error).__name__}")
            return None


class Transport(redis.Transport):  # type: ignore[misc]  # kombu has no types
    """Delivers to the worker only what it has written anew."""

    Channel = Channel
    delivering = False

    def _deliver(self, message: object, queue: str) -> None:
        try:
            job_id = named(message)
        except UNREADABLE as error:
            log.warning(REFUSED, queue=queue, reason=str(error)[:100] or type(error).__name__)
            return
        self.delivering = True
        super()._deliver(written_anew(job_id, queue), queue)
        self.delivering = False
