"""Which queues a worker is subscribed to: those that it fits, as they appear; none while its machine rests.

In: what the worker offers. Out: calls to the Celery consumer, made in its own thread.
"""

from typing import Any

import structlog
from celery import Celery
from kombu import Queue
from sqlalchemy import Engine, select

from farm.contract.requirement import Offer, Requirement
from farm.database import tables
from farm.database.engine import read

log = structlog.get_logger()


class Subscription:
    """The queues of one worker."""

    def __init__(self, app: Celery, engine: Engine, offer: Offer, *, always: set[str]) -> None:
        """Subscribe from the start to the queues `always`, and to what fits now."""
        self._app = app
        self._engine = engine
        self._offer = offer
        self.resting = False
        self.queues = always | self._fitting()
        app.conf.task_queues = [Queue(name, routing_key=name) for name in sorted(self.queues)]

    def look(self, worker: Any) -> None:
        """Subscribe to queues that fit and are new. Raises: DBAPIError."""
        for name in sorted(self._fitting() - self.queues):
            self._app.amqp.queues.add(Queue(name, routing_key=name))
            self.queues.add(name)
            if not self.resting:
                worker.consumer.call_soon(worker.consumer.add_task_queue, name)
                log.info("serving", queue=name)

    def rest(self, worker: Any) -> None:
        """Take no more jobs; what waits in the queues is left to other workers."""
        self.resting = True
        for name in sorted(self.queues):
            worker.consumer.call_soon(worker.consumer.cancel_task_queue, name)

    def resume(self, worker: Any) -> None:
        """Take jobs again."""
        self.resting = False
        for name in sorted(self.queues):
            worker.consumer.call_soon(worker.consumer.add_task_queue, name)

    def _fitting(self) -> set[str]:
        with read(self._engine) as session:
            rows = session.execute(select(tables.Queue.name, tables.Queue.requirement)).all()
        return {row.name for row in rows if not Requirement.model_validate(row.requirement).unmet(self._offer)}
