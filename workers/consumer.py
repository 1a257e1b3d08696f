"""Celery's consumer, with short pauses between attempts to reach a broker that is away."""

from typing import Any, Final

import structlog
from celery.worker import consumer
from celery.worker.state import maybe_shutdown

LONGEST_PAUSE: Final = 5.0  # seconds; Celery's own grow to 30, in which a broker that is back is not noticed

log = structlog.get_logger()


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    """What takes messages from the broker."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long it takes, unless told to stop meanwhile."""
        connected = conn.ensure_connection(
            _tell, interval_start=1, interval_step=1, interval_max=LONGEST_PAUSE, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return connected


def _tell(error: Exception, pause: float) -> None:
    log.error("broker out of reach", reason=str(error), again_in=pause)
