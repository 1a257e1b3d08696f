"""The scheduler's loop: reap, enlist canaries, dispatch, publish, again and again, whatever breaks meanwhile.

Any number of schedulers may run at once: one of them does each round, and every move is conditional all the same.
Nothing is reaped before workers had time to renew their leases: after a start, and after the database was away or
locked, they are over because nobody could renew them.
"""

import threading
import time
from datetime import timedelta
from typing import Final

import structlog
from celery import Celery
from sqlalchemy import Engine, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from farm.database.engine import write
from farm.scheduler.canary import enlist_due
from farm.scheduler.dispatch import Message, Rules, dispatch
from farm.scheduler.enlist import SHARED_POOL
from farm.scheduler.leader import leads
from farm.scheduler.queue import UNREACHABLE, publish
from farm.scheduler.reap import reap
from farm.settings import Settings

TICK: Final = 0.5  # seconds between two rounds
PAUSE: Final = 5.0  # seconds after a fault of broker or database
ROLL_CALL: Final = 5.0  # seconds between two looks which canaries are due
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
    patience = _Patience(how.silence_seconds)
    rota = _Rota(settings.canary_hours if pool == SHARED_POOL else 0)
    while not stop.is_set():
        stop.wait(TICK if _round(engine, app, how=how, patience=patience, rota=rota) else PAUSE)


class _Patience:
    """How long the reaper waits until workers that live have renewed their leases."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Begin to wait: from now on, leases can be renewed."""
        self._until = time.monotonic() + self._seconds

    def over(self) -> bool:
        """Say whether a lease that is over now was not renewed in spite of that."""
        return time.monotonic() >= self._until


class _Rota:
    """When canaries are looked after: now and then, and never where they are not wanted."""

    def __init__(self, hours: float) -> None:
        self._every = timedelta(hours=hours)
        self._next = 0.0

    def look(self, session: Session, how: Rules) -> None:
        """Enlist the canaries that are due."""
        if not self._every or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + ROLL_CALL
        sweep = enlist_due(session, every=self._every, silence=timedelta(seconds=how.silence_seconds))
        if sweep is not None:
            log.info("canaries enlisted", sweep=sweep)


def _round(engine: Engine, app: Celery, *, how: Rules, patience: _Patience, rota: _Rota) -> bool:
    """Do one round; False when something was out of reach, which the next round tries again."""
    began = time.monotonic()
    try:
        with write(engine) as session:
            session.execute(select(literal(1)))  # here the transaction begins, and waits for another writer
            if time.monotonic() - began > how.silence_seconds / HEARTBEATS_MISSED:
                patience.begin()  # workers could not write either, for longer than a heartbeat
            if not leads(session, how.pool):
                return True
            if patience.over():
                for job_id in reap(session):
                    log.warning("lease expired", job=job_id)
            rota.look(session, how)
            messages = dispatch(session, how)
    except DBAPIError as error:
        log.error("database out of reach", reason=str(error.orig).strip())
        patience.begin()
        return False
    return _publish(app, messages)


def _publish(app: Celery, messages: list[Message]) -> bool:
    if not messages:
        return True
    try:
        publish(app, messages)
    except UNREACHABLE as error:
        # The jobs stay queued in SQL; they are published again once a worker is idle.
        log.error("broker out of reach", reason=str(error.__cause__ or error))
        return False
    for message in messages:
        log.info("published", job=message.job_id, queue=message.queue)
    return True
