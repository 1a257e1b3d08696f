"""Starts the isolated process of a run, waits for it without spinning, and kills its group at the deadline.

In: an assignment and what to do with it. Out: what the child brought back, or a failure that says how it ended.
"""

import contextlib
import json
import math
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

import structlog

from farm.contract.errors import Crashed, Killed, NoResult, OutOfMemory, TimedOut
from farm.contract.result import LONGEST_LOG_TAIL, Failure
from farm.contract.states import Stage
from workers import inside
from workers.processes import cpu_seconds

Task = Literal["probe", "prepare", "measure"]
Start = Literal["fork", "fresh"]

TICK: Final = 1.0  # seconds between two looks at lease, cancellation and memory; in between the parent is blocked
STUCK_AFTER: Final = 60.0  # seconds in which a forked child neither speaks nor computes; imports of the server included
GRACE: Final = 2.0  # seconds from SIGTERM to SIGKILL

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


class Answer(NamedTuple):
    """What a child brought back: JSON, or a failure; and the tail of its log."""

    content: str | None
    failure: Failure | None
    log_tail: str


class Launcher:
    """Starts children: forked from a pre-imported server where that is safe, else in a fresh interpreter."""

    def __init__(self, preload: Sequence[str], *, stuck_after: float = STUCK_AFTER) -> None:
        """Set up the fork server with the modules it imports once; nothing starts yet."""
        self._stuck_after = stuck_after
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(list(preload))
        self._fresh = multiprocessing.get_context("spawn")

    def run(self, order: Order, watcher: Watcher) -> Answer:
        """Run one child to its end. A forked child that is stuck before it measures is replaced by a fresh one, once.

        Children get stuck when the fork server was not clean: they wait for a lock or a thread that only it has.
        """
        deadline = time.monotonic() + order.timeout
        if order.start == "fork":
            answer = _run(self._fork, order, watcher, deadline=deadline, stuck_after=self._stuck_after)
            if answer is not None:
                return answer
            logger.warning("a forked child was stuck; a fresh one takes over", task=order.task)
        answer = _run(self._fresh, order, watcher, deadline=deadline, stuck_after=math.inf)
        return answer or _timed_out(Stage.START, order, log_tail="")


def _run(
    context: ForkServerContext | SpawnContext, order: Order, watcher: Watcher, *, deadline: float, stuck_after: float
) -> Answer | None:
    """Run one child; None when it was stuck."""
    ours, theirs = context.Pipe(duplex=True)
    with tempfile.TemporaryDirectory(prefix="farm-child-") as folder, ours:
        log = Path(folder) / "log"
        process = context.Process(target=inside.main, args=(order.task, order.content, theirs, str(log)))
        process.start()
        theirs.close()
        try:
            return _wait(process, ours, order=order, watcher=watcher, log=log, limits=(deadline, stuck_after))
        finally:
            _kill_group(process)
            process.close()


def _wait(
    process: multiprocessing.process.BaseProcess,
    pipe: connection.Connection,
    *,
    order: Order,
    watcher: Watcher,
    log: Path,
    limits: tuple[float, float],
) -> Answer | None:
    deadline, stuck_after = limits
    life = _SignsOfLife(process.pid, stuck_after)
    stage, peak = Stage.START, 0
    ooms = _oom_kills()
    while True:
        ready = connection.wait([pipe], timeout=max(0.0, min(TICK, deadline - time.monotonic())))
        peak = max(peak, _peak_memory(process.pid))
        if not ready:
            if time.monotonic() >= deadline:
                return _timed_out(stage, order, log_tail=tail(log), peak=peak)
            if stage not in (Stage.MEASURE, Stage.PROVE) and life.stuck():
                return None
            watcher.tick()
            continue
        message = _receive(pipe)
        if message is None:
            process.join(GRACE)
            return Answer(None, _ended(process.exitcode, stage, log=log, peak=peak, ooms=ooms), tail(log))
        life.seen()
        if message.kind == "stage":
            stage = Stage(message.content)
            watcher.stage(stage, process.pid or 0)
        elif message.kind == "failure":
            failure = Failure.model_validate_json(message.content)
            return Answer(
                None, failure.model_copy(update={"log_tail": tail(log), "peak_memory_bytes": peak}), tail(log)
            )
        else:
            return Answer(message.content, None, tail(log))


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


def _receive(pipe: connection.Connection) -> inside.Message | None:
    """Read one message; None at the end of the pipe, which is the end of the child, and for what is no message."""
    try:
        return inside.Message(*json.loads(pipe.recv_bytes()))
    except (EOFError, OSError, ValueError, TypeError):
        return None


def _ended(exit_code: int | None, stage: Stage, *, log: Path, peak: int, ooms: int) -> Failure:
    """Tell apart how a child without an answer ended."""

    def failure(code: str, error: str, message: str, number: int | None = None) -> Failure:
        return Failure(
            stage=stage,
            code=code,
            error=error,
            message=message,
            log_tail=tail(log),
            exit_signal=number,
            peak_memory_bytes=peak or None,
        )

    if exit_code is None or exit_code >= 0:
        return failure(NoResult.code, "NoResult", f"the process ended with exit code {exit_code} and no result")
    number = -exit_code
    name = signal.Signals(number).name
    if number == signal.SIGKILL and _oom_kills() > ooms:
        return failure(OutOfMemory.code, name, f"the kernel killed the process for memory, at {peak} bytes", number)
    if number == signal.SIGKILL:
        return failure(Killed.code, name, f"the process was killed from outside, at {peak} bytes of memory", number)
    return failure(Crashed.code, name, f"the process died of {name}", number)


def _timed_out(stage: Stage, order: Order, *, log_tail: str, peak: int = 0) -> Answer:
    message = f"no result within {order.timeout:g} s; raise `timeout` if the job is that long"
    failure = Failure(
        stage=stage,
        code=TimedOut.code,
        error="TimedOut",
        message=message,
        log_tail=log_tail,
        peak_memory_bytes=peak or None,
    )
    return Answer(None, failure, log_tail)


def _kill_group(process: multiprocessing.process.BaseProcess) -> None:
    """End the child and everything it started; its group may outlive it, so the group is always killed."""
    pid = process.pid
    if pid is None:
        return
    if process.is_alive():
        _signal(pid, signal.SIGTERM)
        process.join(GRACE)
    _signal(pid, signal.SIGKILL)
    process.join()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)  # it had not made its own group yet


def tail(log: Path) -> str:
    """Read the end of a log, however long it is."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - LONGEST_LOG_TAIL))
            return stream.read().decode(errors="replace").replace("\x00", "�")
    except FileNotFoundError:
        return ""


def _peak_memory(pid: int | None) -> int:
    """Read the highest resident set of a process in bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _oom_kills() -> int:
    """Count the processes that the kernel killed for memory since it booted; 0 where it does not tell."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0)
