"""A message of the broker is a hint: where it was taken off its queue for good, nothing is acknowledged."""

from celery.worker.request import Request
from kombu.asynchronous import get_event_loop


class Hint(Request):  # type: ignore[misc]  # Celery has no types
    """A message that is dealt with when its task is: SQL knows whether the job is."""

    def acknowledge(self) -> None:
        """Tell the broker nothing, but wake the loop that takes messages: there is room for the next one."""
        self.acknowledged = True
        loop = get_event_loop()
        if loop is not None:
            loop.call_soon(_look_again)

    def reject(self, requeue: bool = False) -> None:  # noqa: ARG002 - the library's own parameter
        """Tell the broker nothing, either: a job that was not begun is published again."""
        self.acknowledge()


def _look_again() -> None:
    """Do nothing: the loop sleeps for up to a second unless it has something to do."""
