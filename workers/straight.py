"""A message's job is run straight away: what Celery does around a task is nothing to a job, whose truth is SQL.

In: messages that were taken off their queue for good, in the thread of Celery's loop. Out: the job, in the thread of
its pool, and the loop woken when there is room again. Celery's own way (results, retries, time limits, revocations,
signals, the events that monitors show) would take as long as the database does to claim and settle a job.
"""

from collections.abc import Callable
from concurrent.futures import Future
from traceback import format_tb
from typing import Any

import structlog
from celery import Celery
from celery.worker.state import task_ready, task_reserved

log = structlog.get_logger()


class _Hint:
    """A message that is being lived; while there is one, the worker takes no other."""

    def __init__(self, message: Any) -> None:
        self.id: str = message.headers["id"]
        self.message = message


class Straight:
    """What Celery calls a strategy: what becomes of a message of one task."""

    def __init__(self, run: Callable[[object], None], wake: Callable[[], object]) -> None:
        """Run jobs by `run`; `wake` the loop, which would sleep for up to a second though there is room again."""
        self._run = run
        self._wake = wake

    def __call__(self, _task: Any, _app: Celery, consumer: Any) -> Callable[..., None]:
        """Give what handles a message; Celery asks anew whenever it has connected."""
        submit = consumer.pool.executor.submit

        def on_message(message: Any, *_: object) -> None:
            hint = _Hint(message)
            task_reserved(hint)
            submit(self._live, hint).add_done_callback(_tell)

        return on_message

    def _live(self, hint: _Hint) -> None:
        try:
            (job_id,), _, _ = hint.message.payload
            self._run(job_id)
        finally:
            task_ready(hint)
            self._wake()


def _tell(lived: Future[None]) -> None:
    """Log what no job may raise; the job's lease returns it. A worker that stops begins none that still waits."""
    error = None if lived.cancelled() else lived.exception()
    if error is not None:
        log.error("a job's life broke off", reason=repr(error), where=format_tb(error.__traceback__))
