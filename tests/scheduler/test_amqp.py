"""What strangers write to RabbitMQ: frames as from the socket, through the client's own code, to a consumer."""

import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any

import amqp
import pytest
from amqp import spec
from amqp.serialization import dumps

from farm.scheduler.amqp import Channel, bearing
from farm.scheduler.queue import RUN_TASK

TAG = "consumer"
CLASS_BASIC = 60


class Connection:
    """Stands for a connection that is open: it takes frames, and keeps what is answered."""

    confirm_publish = False
    bytes_recv = 0

    def __init__(self) -> None:
        self.channels: dict[int, Channel] = {}
        self.answers: list[tuple[Any, int]] = []
        self.delivered: list[Any] = []
        channel = Channel(self)
        channel.callbacks[TAG] = lambda raw: self.delivered.append(channel.message_to_python(raw))
        self._take = bearing(self, self._dispatch)
        self._next = 0

    def _get_free_channel_id(self) -> int:
        return 1

    def _dispatch(self, channel: int, method: tuple[int, int], payload: bytes, content: object) -> None:
        self.channels[channel].dispatch_method(method, payload, content)

    def frame_writer(self, kind: int, channel: int, method: object, payload: bytes, content: object) -> None:
        self.answers.append((method, struct.unpack_from(">Q", payload)[0]))

    def receive(self, properties: bytes, body: bytes) -> None:
        """Take one message from the wire."""
        self._next += 1
        deliver = struct.pack(">HH", *spec.Basic.Deliver) + dumps("sLbss", (TAG, self._next, False, "", "queue"))
        self._take((1, 1, deliver))
        self._take((2, 1, struct.pack(">HxxQ", CLASS_BASIC, len(body)) + properties))
        if body:
            self._take((3, 1, body))


def properties(**given: object) -> bytes:
    """Properties as an honest client writes them."""
    written: bytes = amqp.Message("", **given)._serialize_properties()
    return written


def headers(table: bytes) -> bytes:
    """Properties that are a table of headers alone, whatever its bytes are."""
    return struct.pack(">HI", 1 << 13, len(table)) + table


def call(*arguments: object) -> bytes:
    return json.dumps([arguments, {}, {"callbacks": None, "chord": None}]).encode()


OURS = {"task": RUN_TASK, "id": "x", "lang": "py"}


def hostile() -> Iterator[tuple[bytes, bytes]]:
    """Everything that we could think of, as properties and body."""
    plain = properties(content_type="application/json", content_encoding="utf-8", application_headers=OURS)
    yield from ((plain, body) for body in (b"", b"garbage", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 900))
    yield from ((plain, call(strange)) for strange in (True, None, 1.5, -1, 0, 2**31, "1; DROP TABLE job", [1]))
    yield plain, call()
    yield plain, call(7) + b" " * 10_000_000
    yield properties(), call(7)
    yield properties(content_type="application/json"), call(7)
    yield properties(application_headers={"task": "celery.chunks"}), call(7)
    yield properties(application_headers={"task": [RUN_TASK]}), call(7)
    packed = properties(application_headers=OURS | {"compression": "application/x-gzip"})
    yield packed, gzip.compress(b"0" * 10_000_000)
    yield headers(b"\x01aZ"), call(7)  # no such type
    yield headers(b"\x01aT" + b"\xff" * 8), call(7)  # a time beyond all times
    yield headers(b"\x01aS\xff\xff\xff\xff"), call(7)  # longer than it is
    yield headers(b"\x01aF\x00\x00\x40\x00" * 2000), call(7)  # tables in tables
    yield struct.pack(">HB", 1 << 15, 1) + b"\xff", call(7)  # a type of content that is no text
    yield b"\xff\xff", call(7)


@pytest.mark.parametrize("sent", [*hostile()])
def test_what_names_no_job_is_rejected_and_the_next_message_is_heard(sent: tuple[bytes, bytes]) -> None:
    connection = Connection()
    connection.receive(*sent)
    assert connection.delivered == []
    assert connection.answers == [(spec.Basic.Reject, 1)]
    connection.receive(properties(application_headers=OURS), call(7))
    assert [json.loads(each.body)[0] for each in connection.delivered] == [[7]]


@pytest.mark.parametrize("kind", ["application/json", "application/x-python-serialize", "\x00"])
def test_of_a_message_nothing_but_the_number_arrives(kind: str) -> None:
    connection = Connection()
    told = OURS | {"eta": "2099-01-01T00:00:00", "compression": "bzip2", "chord": "os.system", "timelimit": [0, 0]}
    sent = properties(content_type=kind, reply_to="somebody", content_encoding="base64", application_headers=told)
    connection.receive(sent, call(7))
    (message,) = connection.delivered
    assert message.decode() == [[7], {}, {}]
    assert (message.headers["task"], message.delivery_tag) == (RUN_TASK, 1)
    assert not {"eta", "chord", "compression"} & set(message.headers)
    assert "reply_to" not in message.properties
    assert connection.answers == []
