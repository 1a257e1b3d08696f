"""Has isolated processes do one task each, waits for them without spinning, and kills their group at the deadline.

In: an order. Out: what the child brought back, or a failure that says how it ended. A process that prepared a cell may
stay for the next one of the same model (decision 0015).
"""

import math
import multiprocessing
import time
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

import structlog

from farm.contract.errors import TimedOut
from farm.contract.result import Failure
from farm.contract.states import Stage
from workers.isolated import Isolated, waited
from workers.processes import cpu_seconds

Task = Literal["probe", "prepare", "measure"]
Start = Literal["fork", "fresh"]

TICK: Final = 1.0  # seconds between two looks at lease, cancellation and memory; in between the parent is blocked
STUCK_AFTER: Final = 60.0  # seconds in which a forked child neither speaks nor computes; imports of the server included
STAYING: Final = "prepare"  # the one task whose process may stay for another order
MOST_MEMORY: Final = 256 * 2**20  # bytes that a process which stays may have of its own

logger = structlog.get_logger()


class Interrupted(Exception):
    """Raised by a watcher to stop the child: the job was cancelled, its lease lost, or the worker must stop."""


class Watcher(Protocol):
    """Who looks on while a child runs."""

    def tick(self) -> None:
        """Called about once a second. Raise Interrupted to stop the child."""

    def stage(self, stage: Stage, pid: int) -> None:
        """Called when the child enters a stage."""


class Order(NamedTuple):
    """What a child is to do: the task, its input as JSON, how its process starts, and its time limit in seconds."""

    task: Task
    content: str
    start: Start
    timeout: float
    subject: str = ""  # what it is about: a process that prepared something else is ended first


class Answer(NamedTuple):
    """What a child brought back: JSON, or a failure; and the tail of its log."""

    content: str | None
    failure: Failure | None
    log_tail: str


class _Staying(NamedTuple):
    """A process that waits for another order about the same."""

    subject: str
    child: Isolated


class Launcher:
    """Starts children: forked from a pre-imported server where that is safe, else in a fresh interpreter."""

    def __init__(self, preload: Sequence[str], *, stuck_after: float = STUCK_AFTER) -> None:
        """Set up the fork server with the modules it imports once; nothing starts yet."""
        self._stuck_after = stuck_after
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(list(preload))
        self._fresh = multiprocessing.get_context("spawn")
        self._staying: _Staying | None = None

    def run(self, order: Order, watcher: Watcher) -> Answer:
        """Have a child do one task. A forked one that is stuck before it measures is replaced by a fresh one, once.

        Children get stuck when the fork server was not clean: they wait for a lock or a thread that only it has.
        """
        deadline = time.monotonic() + order.timeout
        if self._staying is not None and self._staying.subject != order.subject:
            self.close()
        if order.start == "fork":
            answer = self._forked(order, watcher, deadline=deadline)
            if answer is not None:
                return answer
            logger.warning("a forked child was stuck; a fresh one takes over", task=order.task)
        child = Isolated(self._fresh)
        answer = self._done(child, order, watcher, deadline=deadline, stuck_after=math.inf)
        return answer or _timed_out(Stage.START, order, child)

    def close(self) -> None:
        """End the process that stays for another order, if there is one."""
        if self._staying is not None:
            self._staying.child.end()
        self._staying = None

    def _forked(self, order: Order, watcher: Watcher, *, deadline: float) -> Answer | None:
        """Have the process that stays do it, else a new one; None when it was stuck."""
        if order.task == STAYING and self._staying is not None:
            child, self._staying = self._staying.child, None
            answer = self._done(child, order, watcher, deadline=deadline, stuck_after=self._stuck_after)
            if answer is not None:
                return answer
        child = Isolated(self._fork)
        return self._done(child, order, watcher, deadline=deadline, stuck_after=self._stuck_after)

    def _done(
        self, child: Isolated, order: Order, watcher: Watcher, *, deadline: float, stuck_after: float
    ) -> Answer | None:
        """Have this child do it, then end it, unless it may stay; None when it was stuck."""
        stays = False
        try:
            child.order(order.task, order.content)
            answer = _wait(child, order, watcher, deadline=deadline, stuck_after=stuck_after)
            if answer is not None and answer.content is not None:
                stays = order.start == "fork" and order.task == STAYING and child.own_memory() <= MOST_MEMORY
            return answer
        finally:
            if stays:
                self._staying = _Staying(order.subject, child)
            else:
                child.end()


def _wait(child: Isolated, order: Order, watcher: Watcher, *, deadline: float, stuck_after: float) -> Answer | None:
    """Hear a child out; None when it was stuck, or gone before it was given this order."""
    life = _SignsOfLife(child.pid, stuck_after)
    stage, spoke = Stage.START, False
    while True:
        ready = waited(child, min(TICK, deadline - time.monotonic()))
        child.peak()
        if not ready:
            if time.monotonic() >= deadline:
                return _timed_out(stage, order, child)
            if stage not in (Stage.MEASURE, Stage.PROVE) and life.stuck():
                return None
            watcher.tick()
            continue
        message = child.receive()
        if message is None:
            gone_before = child.orders > 1 and not spoke
            return None if gone_before else Answer(None, child.ended(stage), child.tail())
        life.seen()
        spoke = True
        if message.kind == "stage":
            stage = Stage(message.content)
            watcher.stage(stage, child.pid)
        elif message.kind == "failure":
            failure = Failure.model_validate_json(message.content)
            known = {"log_tail": child.tail(), "peak_memory_bytes": child.peak()}
            return Answer(None, failure.model_copy(update=known), child.tail())
        else:
            return Answer(message.content, None, child.tail())


class _SignsOfLife:
    """Tells a child that waits for ever from one that is slow: it neither speaks nor uses the CPU."""

    def __init__(self, pid: int | None, stuck_after: float) -> None:
        self._pid = pid
        self._stuck_after = stuck_after
        self._used = 0.0
        self.seen()

    def seen(self) -> None:
        self._at = time.monotonic()

    def stuck(self) -> bool:
        used = cpu_seconds(self._pid)
        if used != self._used:
            self._used = used
            self.seen()
        return time.monotonic() - self._at >= self._stuck_after


def _timed_out(stage: Stage, order: Order, child: Isolated) -> Answer:
    message = f"no result within {order.timeout:g} s; raise `timeout` if the job is that long"
    failure = child.failure(stage, code=TimedOut.code, error="TimedOut", message=message)
    return Answer(None, failure, failure.log_tail)
