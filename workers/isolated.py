"""One isolated process: orders in, messages out; its log, its memory, and how it ended."""

import contextlib
import json
import os
import signal
import tempfile
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Final

from farm.contract.errors import Crashed, Killed, NoResult, OutOfMemory
from farm.contract.result import LONGEST_LOG_TAIL, Failure
from farm.contract.states import Stage
from workers import inside

GRACE: Final = 2.0  # seconds from SIGTERM to SIGKILL
OWN: Final = ("Private_Clean:", "Private_Dirty:")  # pages of a process that no other one has


class Isolated:
    """A process of its own group that carries out one order after the other, until it is ended."""

    def __init__(self, context: ForkServerContext | SpawnContext) -> None:
        """Start it."""
        with contextlib.ExitStack() as opened:
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="farm-child-"))
            self.log = Path(folder) / "log"
            ours, theirs = context.Pipe(duplex=True)
            self.pipe = opened.enter_context(ours)
            self._process = context.Process(target=inside.main, args=(theirs, str(self.log)))
            with theirs:
                self._process.start()
            self._opened = opened.pop_all()
        self.orders = 0
        self._ooms = 0
        self._peak = 0

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid or 0

    def order(self, task: str, content: str) -> None:
        """Give it a task; one that is gone meanwhile shows by the end of its messages."""
        if self.orders:
            os.truncate(self.log, 0)  # the log is of one task; it is written by appending
        self.orders += 1
        self._ooms, self._peak = _oom_kills(), 0
        with contextlib.suppress(OSError):
            self.pipe.send_bytes(json.dumps([task, content]).encode())

    def receive(self) -> inside.Message | None:
        """Read one message; None at the end of the pipe, which is the end of the child, and for what is no message."""
        try:
            return inside.Message(*json.loads(self.pipe.recv_bytes()))
        except (EOFError, OSError, ValueError, TypeError):
            return None

    def peak(self) -> int:
        """Read the highest resident set so far in bytes, or what was read before where the process is gone."""
        self._peak = max(self._peak, _peak_memory(self.pid))
        return self._peak

    def own_memory(self) -> int:
        """Read the bytes that would be free without it; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(OWN))

    def tail(self) -> str:
        """Read the end of its log, however long it is."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(0, self.log.stat().st_size - LONGEST_LOG_TAIL))
                return stream.read().decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
        except FileNotFoundError:
            return ""

    def ended(self, stage: Stage) -> Failure:
        """Tell apart how it ended without an answer."""
        self._process.join(GRACE)
        code, exit_code, peak = NoResult.code, self._process.exitcode, self.peak()
        if exit_code is None or exit_code >= 0:
            error, message = "NoResult", f"the process ended with exit code {exit_code} and no result"
            return self.failure(stage, code=code, error=error, message=message)
        number = -exit_code
        name = signal.Signals(number).name
        if number != signal.SIGKILL:
            code, message = Crashed.code, f"the process died of {name}"
        elif _oom_kills() > self._ooms:
            code, message = OutOfMemory.code, f"the kernel killed the process for memory, at {peak} bytes"
        else:
            code, message = Killed.code, f"the process was killed from outside, at {peak} bytes of memory"
        return self.failure(stage, code=code, error=name, message=message, exit_signal=number)

    def failure(self, stage: Stage, *, code: str, error: str, message: str, exit_signal: int | None = None) -> Failure:
        """Put together a failure with what is known of the process."""
        return Failure(
            stage=stage,
            code=code,
            error=error,
            message=message,
            log_tail=self.tail(),
            exit_signal=exit_signal,
            peak_memory_bytes=self._peak or None,
        )

    def end(self) -> None:
        """End it and everything it started; its group may outlive it, so the group is always killed."""
        if self._process.is_alive():
            _signal(self.pid, signal.SIGTERM)
            self._process.join(GRACE)
        _signal(self.pid, signal.SIGKILL)
        self._process.join()
        self._process.close()
        self._opened.close()


def waited(child: Isolated, seconds: float) -> bool:
    """Block until a child has something to say, no longer than this; say whether it has."""
    return bool(connection.wait([child.pipe], timeout=max(0.0, seconds)))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)  # it had not made its own group yet


def _peak_memory(pid: int) -> int:
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
