"""A message of the broker is a hint: where it was taken off its queue for good, nothing is acknowledged."""

from collections.abc import Callable

from celery.worker.request import Request


def hints(wake: Callable[[], object]) -> type[Request]:
    """Make the kind of request that tells the broker nothing: SQL knows whether the job is done.

    Instead it wakes the loop that takes messages, which would sleep for up to a second though there is room again.
    """

    class Hint(Request):  # type: ignore[misc]  # Celery has no types
        def acknowledge(self) -> None:
            self.acknowledged = True
            wake()

        def reject(self, requeue: bool = False) -> None:  # noqa: ARG002 - the library's own parameter
            self.acknowledge()

    return Hint
