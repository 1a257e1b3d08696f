"""What runs in the isolated process: its own group and log, a watch on its parent, and the one outermost frame.

In, through the pipe: a task and its input as JSON. Out: the stages as they begin, then an answer or a failure.
"""

import contextlib
import faulthandler
import json
import os
import queue
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Final, Literal, NamedTuple

import workers.quiet  # noqa: F401 - by its import alone, before any runtime is there to speak
from farm.contract.errors import JobFailure, OutOfMemory, PythonError
from farm.contract.job import Assignment
from farm.contract.result import Failure
from farm.contract.states import Stage
from workers import cache, cell, probe

IDLE: Final = 60.0  # seconds without an order; the parent ends a child that it has no other one for at once
ORPHANED: Final = 75  # exit code of a child whose parent is gone


class Message(NamedTuple):
    """One word of a child to its parent."""

    kind: Literal["stage", "answer", "failure"]
    content: str


class _Teller:
    """Tells the parent what happens, and remembers the stage for a failure."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.current = Stage.START

    def stage(self, stage: Stage) -> None:
        self.current = stage
        self._say(Message("stage", stage))

    def answer(self, content: str) -> None:
        self._say(Message("answer", content))

    def failure(self, code: str, error: BaseException) -> None:
        told = Failure(stage=self.current, code=code, error=type(error).__name__, message=str(error) or repr(error))
        self._say(Message("failure", told.model_dump_json()))

    def _say(self, message: Message) -> None:
        # As JSON: a pickle would let a model with code of its own run something in the worker.
        self._pipe.send_bytes(json.dumps(message).encode())


def main(pipe: Connection, log: str) -> None:
    """Carry out one order after the other; the process then ends without ceremony."""
    os.setsid()
    _write_output_to(log)
    orders = _orders(pipe)
    teller = _Teller(pipe)
    with contextlib.suppress(queue.Empty):
        while True:
            task, content = orders.get(timeout=IDLE)
            _carry_out(task, content, teller)
    os._exit(0)  # the runtimes' own clean-up takes seconds and can crash; the system frees everything anyway


def _carry_out(task: str, content: str, teller: _Teller) -> None:
    """Run one task. Every error leaves as a failure with its code."""
    teller.stage(Stage.START)
    try:
        teller.answer(_do(task, content, teller))
    except JobFailure as error:
        traceback.print_exc()
        teller.failure(error.code, error)
    except MemoryError as error:
        traceback.print_exc()
        teller.failure(OutOfMemory.code, error)
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, the parent must hear of it
        traceback.print_exc()
        teller.failure(PythonError.code, error)
    sys.stdout.flush()
    sys.stderr.flush()


def _do(task: str, content: str, teller: _Teller) -> str:
    if task == "probe":
        return probe.run(content).model_dump_json()
    assignment = Assignment.model_validate_json(content)
    if task == "prepare":
        outcome = cell.prepare(assignment, teller.stage)
        cache.let_go()  # this process may stay for another cell
        return outcome.model_dump_json()
    if not assignment.may_make:
        cache.forbid_making()
    return cell.measure(assignment, teller.stage).model_dump_json()


def _write_output_to(log: str) -> None:
    """Send this process's output, the libraries' included, to a file."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(target, descriptor)
    os.close(target)
    faulthandler.enable()


def _orders(pipe: Connection) -> "queue.SimpleQueue[tuple[str, str]]":
    """Hear what the parent orders; leave when it is gone, however it went: the pipe's other end closes with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    orders: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def listen() -> None:
        # Nothing else reads from the pipe; what is sent meanwhile goes the other way and does not meet this.
        with contextlib.suppress(EOFError, OSError):
            while True:
                task, content = json.loads(pipe.recv_bytes())
                orders.put((task, content))
        os.killpg(0, signal.SIGKILL) if os.getpgid(0) == os.getpid() else os._exit(ORPHANED)

    threading.Thread(target=listen, name="orders", daemon=True).start()
    return orders
