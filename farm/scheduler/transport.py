"""The Redis transport of kombu, but that of a message only the job's id is believed."""

import base64
import uuid
from typing import Any

import structlog
from kombu.transport import redis

from farm.scheduler.message import ENCODING, KIND, REFUSED, UNREADABLE, body_anew, headers_anew, named, short, why

log = structlog.get_logger()


def read(message: Any) -> int:
    """Give the id of the job that a message of kombu's on Redis names. Raises: one of UNREADABLE."""
    return named(message["headers"]["task"], base64.b64decode(short(message["body"])))


def written_anew(job_id: int, queue: str) -> dict[str, object]:
    """Give the message that the farm itself would have sent."""
    headers = headers_anew(job_id)
    properties = {
        "correlation_id": headers["id"],
        "delivery_tag": str(uuid.uuid4()),
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_mode": 2,
        "priority": 0,
        "body_encoding": "base64",
    }
    return {
        "body": base64.b64encode(body_anew(job_id)).decode(),
        "content-type": KIND,
        "content-encoding": ENCODING,
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
            job_id = read(message)
        except UNREADABLE as error:
            log.warning(REFUSED, queue=queue, reason=why(error))
            return
        self.delivering = True
        super()._deliver(written_anew(job_id, queue), queue)
        self.delivering = False
