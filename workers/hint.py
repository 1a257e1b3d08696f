"""A message of the broker is a hint: where it was taken off its queue for good, nothing is acknowledged."""

from celery.worker.request import Request


class Hint(Request):  # type: ignore[misc]  # Celery has no types
    """A message that is dealt with when its task is: SQL knows whether the job is."""

    def acknowledge(self) -> None:
        """Tell the broker nothing: it keeps no list of messages on their way, and may not even answer."""
        self.acknowledged = True

    def reject(self, requeue: bool = False) -> None:  # noqa: ARG002 - the library's own parameter
        """Tell the broker nothing, either: a job that was not begun is published again."""
        self.acknowledged = True
