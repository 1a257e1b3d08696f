"""The scheduler's loop: reap, dispatch, publish, again and again, whatever breaks meanwhile.

Any number of schedulers may run at once: every move is conditional, so that each job is published by one of them.
"""

import threading
from typing import Final

import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farm.database.engine import write
from farm.scheduler.dispatch import Message, Rules, dispatch
from farm.scheduler.queue import publish
from farm.scheduler.reap import reap
from farm.settings import Settings

TICK: Final = 0.5  # seconds between two rounds
PAUSE: Final = 5.0  # seconds after a fault of broker or database
HEARTBEATS_MISSED: Final = 3  # a worker is live until it missed this many

log = structlog.get_logger()


def rules(settings: Settings, *, pool: str) -> Rules:
    """Take the rules of dispatch from the settings."""
    return Rules(
        pool=pool,
        window=settings.window,
        republish_seconds=settings.republish_seconds,
        silence_seconds=settings.heartbeat_seconds * HEARTBEATS_MISSED,
    )


def run(engine: Engine, app: Celery, *, settings: Settings, pool: str, stop: threading.Event) -> None:
    """Serve until `stop` is set."""
    how = rules(settings, pool=pool)
    while not stop.is_set():
        stop.wait(TICK if _round(engine, app, how=how) else PAUSE)


def _round(engine: Engine, app: Celery, *, how: Rules) -> bool:
    """Do one round; False when something was out of reach, which the next round tries again."""
    try:
        with write(engine) as session:
            for job_id in reap(session):
                log.warning("lease expired", job=job_id)
            messages = dispatch(session, how)
    except DBAPIError as error:
        log.error("database out of reach", reason=str(error.orig).strip())
        return False
    return _publish(app, messages)


def _publish(app: Celery, messages: list[Message]) -> bool:
    for message in messages:
        try:
            publish(app, message.queue, job_id=message.job_id)
        except (BrokerError, RedisError, OSError) as error:
            # The jobs stay queued in SQL; they are published again once a worker is idle.
            log.error("broker out of reach", reason=str(error))
            return False
        log.info("queued", job=message.job_id, queue=message.queue)
    return True
