"""Which queues a worker is subscribed to: those that it fits, as they appear; canaries alone while its machine rests.

In: what the worker offers. Out: calls to the Celery consumer, made in its own thread.
"""

from typing import Any

import structlog
from celery import Celery
from kombu import Queue
from sqlalchemy import Engine, select

from farm.contract.canary import canary_spec, canary_tags
from farm.contract.requirement import Offer, Requirement
from farm.database import tables
from farm.database.engine import read
from farm.scheduler.queue import task_queue

log = structlog.get_logger()


class Subscription:
    """The queues of one worker."""

    def __init__(self, app: Celery, engine: Engine, offer: Offer, *, always: set[str]) -> None:
        """Subscribe from the start to the queues `always`, and to what fits now."""
        self._app = app
        self._engine = engine
        self._offer = offer
        self._canaries = {canary_spec(tag).requirement.queue() for tag in canary_tags(offer)}
        self.resting = False
        self.queues = always | self._fitting()
        app.conf.task_queues = [self._queue(name) for name in sorted(self.queues)]

    def look(self, worker: Any) -> None:
        """Subscribe to queues that fit and are new. Raises: DBAPIError."""
        for name in sorted(self._fitting() - self.queues):
            self._app.amqp.queues.add(self._queue(name))
            self.queues.add(name)
            if not self.resting or name in self._canaries:
                worker.consumer.call_soon(worker.consumer.add_task_queue, name)
                log.info("serving", queue=name)

    def rest(self, worker: Any) -> None:
        """Take no more jobs but canaries; what waits in the other queues is left to other workers."""
        self.resting = True
        for name in sorted(self.queues - self._canaries):
            worker.consumer.call_soon(worker.consumer.cancel_task_queue, name)

    def resume(self, worker: Any) -> None:
        """Take jobs again."""
        self.resting = False
        for name in sorted(self.queues - self._canaries):
            worker.consumer.call_soon(worker.consumer.add_task_queue, name)

    def _queue(self, name: str) -> Queue:
        return task_queue(name, self._app.conf.broker_url)

    def _fitting(self) -> set[str]:
        with read(self._engine) as session:
            rows = session.execute(select(tables.Queue.name, tables.Queue.requirement)).all()
        return {row.name for row in rows if not Requirement.model_validate(row.requirement).unmet(self._offer)}
