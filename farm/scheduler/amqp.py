"""The AMQP transport of kombu (RabbitMQ), but that of a message only the job's id is believed.

RabbitMQ hands on properties and headers that its own clients could not write, and kombu would unpack a body that says
it is compressed, whatever its size. What names no job is rejected, and gone.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

import amqp
import structlog
from amqp.exceptions import AMQPError
from amqp.method_framing import frame_handler
from kombu.transport import pyamqp

from farm.scheduler.message import ENCODING, KIND, REFUSED, UNREADABLE, body_anew, headers_anew, named, short, why

HEADER: Final = 2  # the type of the frame that carries a message's properties
FIXED: Final = 12  # its first bytes: class and length of the body; the properties follow
NO_PROPERTIES: Final = b"\0\0"
#: What the client raises at properties that it cannot read; most of it would end the worker.
BROKEN: Final = (*UNREADABLE, ArithmeticError, OSError, struct.error, AMQPError)

Frame = tuple[int, int, bytes]

log = structlog.get_logger()


def read(message: "amqp.Message") -> int:
    """Give the id of the job that a message names. Raises: one of UNREADABLE."""
    return named(message.properties["application_headers"]["task"], short(message.body))


def written_anew(job_id: int) -> "amqp.Message":
    """Give the message that the farm itself would have sent."""
    headers = headers_anew(job_id)
    return amqp.Message(
        body_anew(job_id),
        content_type=KIND,
        content_encoding=ENCODING,
        application_headers=headers,
        correlation_id=headers["id"],
        delivery_mode=2,
    )


def bearing(connection: Any, callback: Callable[..., object]) -> Callable[[Frame], bool]:
    """Read frames as the client does; properties that cannot be read are none."""
    on_frame = frame_handler(connection, callback)

    def on_any_frame(frame: Frame) -> bool:
        kind, channel, content = frame
        if kind != HEADER:
            return bool(on_frame(frame))
        try:
            amqp.Message().inbound_header(content)
        except BROKEN as error:
            log.warning("properties of a message not read", reason=why(error))
            content = content[:FIXED] + NO_PROPERTIES
        return bool(on_frame((kind, channel, content)))

    return on_any_frame


class Channel(pyamqp.Channel):  # type: ignore[misc]  # kombu has no types
    """Delivers to the worker only what it has written anew."""

    def _on_basic_deliver(
        self,
        consumer_tag: str,
        delivery_tag: int,
        redelivered: bool,
        exchange: str,
        routing_key: str,
        msg: "amqp.Message",
    ) -> None:
        try:
            job_id = read(msg)
        except UNREADABLE as error:
            log.warning(REFUSED, queue=routing_key, reason=why(error))
            self.basic_reject(delivery_tag, requeue=False)
            return
        super()._on_basic_deliver(consumer_tag, delivery_tag, redelivered, exchange, routing_key, written_anew(job_id))


class Connection(pyamqp.Connection):  # type: ignore[misc]  # kombu has no types
    """A connection that no message breaks."""

    Channel = Channel

    def __init__(self, *arguments: object, **options: object) -> None:
        """Connect as kombu does."""
        super().__init__(*arguments, **options, frame_handler=bearing)


class Transport(pyamqp.Transport):  # type: ignore[misc]  # kombu has no types
    """Makes such connections."""

    Connection = Connection
