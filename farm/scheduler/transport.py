"""The Redis transport of kombu, but that what is no message at all is dropped: there, it would end the worker."""

import structlog
from kombu.transport import redis

NO_MESSAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what reading garbage raises

log = structlog.get_logger()


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Reads messages from queues that anybody may have written to."""

    def _brpop_read(self, **options: object) -> bool | None:
        try:
            return bool(super()._brpop_read(**options))
        except NO_MESSAGE as error:
            log.warning("message refused: it cannot be read", reason=f"{type(error).__name__}: {str(error)[:200]}")
            return None


class Transport(redis.Transport):  # type: ignore[misc]  # kombu has no types
    """kombu's transport with that channel."""

    Channel = Channel
