"""Looks on while the children of one attempt run: lease, cancellation, the worker's own stop, and the conditions."""

import time
from threading import Event
from typing import Final

import structlog
from pydantic import JsonValue
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farm.contract.doubts import Doubt
from farm.contract.states import Stage
from farm.database.engine import write
from farm.scheduler.claim import Claim, Standing, renew
from workers import conditions
from workers.child import Interrupted
from workers.stages import Stages

RENEW_EVERY: Final = 2.0  # seconds; also how soon a cancelled job stops
RENEWALS: Final = 4  # at least so many in the time of one lease, however short it is

log = structlog.get_logger()


class Watch:
    """Looks on while children run: renews the lease, learns of cancellation, and notes the conditions."""

    def __init__(self, engine: Engine, claimed: Claim, *, lease_seconds: float, stop_now: Event) -> None:
        """Watch over one attempt; `stop_now` is set when the worker must give it back at once."""
        self._engine = engine
        self._claimed = claimed
        self._lease_seconds = lease_seconds
        self._renew_every = min(RENEW_EVERY, lease_seconds / RENEWALS)
        self._stop_now = stop_now
        self._asked = time.monotonic()
        self._surroundings: conditions.Survey | None = None
        self._before: conditions.Snapshot | None = None
        self._during: list[conditions.Glimpse] = []
        self.standing = Standing.OURS
        self.stages = Stages()
        self.conditions: list[dict[str, JsonValue]] = []
        self.doubts: list[Doubt] = []

    def tick(self) -> None:
        """Renew the lease now and then, and stop the child when the job is not ours or not wanted any more."""
        if self._stop_now.is_set():
            raise Interrupted
        if self._before is not None:
            self._during.append(conditions.glimpse())
        if time.monotonic() - self._asked < self._renew_every:
            return
        self._asked = time.monotonic()
        try:
            with write(self._engine) as session:
                self.standing = renew(session, self._claimed.token, lease_seconds=self._lease_seconds)
        except DBAPIError as error:
            log.error("lease not renewed: database out of reach", reason=str(error.orig).strip())
            return  # the job goes on: its result can wait in the spool, and settling is fenced
        if self.standing is not Standing.OURS:
            raise Interrupted

    def forget(self) -> None:
        """Leave out what was noted so far: its children are run again."""
        self.conditions.clear()
        self.doubts.clear()

    def stage(self, stage: Stage, pid: int) -> None:
        """Note how the box is when measuring begins and ends; what takes a while is read before the warm-up."""
        self.stages.enter(stage)
        if stage is Stage.WARMUP:
            self._surroundings = conditions.survey()
        elif stage is Stage.MEASURE:
            self._during = []
            around = self._surroundings or conditions.survey()
            self._before = conditions.Snapshot(pid, around, conditions.look(pid))
        elif self._before is not None:
            look = conditions.look(pid)  # first: the loop has just ended
            after = conditions.Snapshot(pid, conditions.survey(), look)
            found, doubts = conditions.compare(self._before, after, self._during)
            self.conditions.append(found)
            self.doubts += doubts
            self._before = None
