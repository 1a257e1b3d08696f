"""The Redis transport of kombu, but that of a message only the job's id is believed."""

import base64
import time
import uuid
from collections.abc import Iterable
from typing import Any, Final

import structlog
from kombu.transport import redis
from redis.exceptions import ResponseError

from farm.scheduler.message import ENCODING, KIND, REFUSED, UNREADABLE, body_anew, headers_anew, named, short, why

QUEUE_TYPES: Final = (b"list", b"none")
PAUSE: Final = 1.0  # seconds; what the server refused it would refuse again at once

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


class QoS(redis.QoS):  # type: ignore[misc]  # kombu has no types
    """Gives no message back: none is acknowledged here, so what stands in the list of such is not ours."""

    def restore_visible(self, *_: object, **__: object) -> None:
        """Leave it alone: it could not even be read, and no worker would start."""


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Reads queues that anybody may have written to."""

    QoS = QoS

    def _brpop_read(self, **options: object) -> bool | None:
        try:
            return bool(super()._brpop_read(**options))
        except UNREADABLE as error:
            if self.connection.delivering:  # then it is not the message that is at fault
                raise
            log.warning(REFUSED, reason=f"it is not JSON: {type(error).__name__}")
            return None
        except ResponseError as error:
            self._mend(error, self.active_queues)
            return None

    def _size(self, queue: str) -> int:
        try:
            return int(super()._size(queue))
        except ResponseError as error:
            self._mend(error, [queue])
            return 0

    def _mend(self, error: ResponseError, queues: Iterable[str]) -> None:
        """Delete what has the name of a queue and is none; its messages are published again.

        Raises: the error, where nothing is to be deleted: a master became a replica, rights are others. Then whoever
        asked connects anew.
        """
        log.error("the broker refuses", reason=str(error))
        time.sleep(PAUSE)
        with self.conn_or_acquire() as client:
            names = [self._q_for_pri(name, step) for name in queues for step in self.priority_steps]
            keys = [f"{self.global_keyprefix}{name}" for name in names]
            found = [key for key in keys if client.execute_command("TYPE", key) not in QUEUE_TYPES]
            if not found:
                raise error
            log.warning("removed what was no queue", keys=found)
            client.execute_command("UNLINK", *found)


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
