"""Runs one piece of work in a new interpreter and gives what it brings back."""

import multiprocessing
from typing import Any


def in_fresh_process(work: Any, given: Any) -> Any:
    """Call `work(given)` in a fresh process; give its answer. An EOFError means that it failed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, given, theirs))
    process.start()
    theirs.close()  # so that the end of a process that fails is the end of the pipe, and not a wait for ever
    found = ours.recv()
    process.join()
    return found


def _run(work: Any, given: Any, pipe: Any) -> None:
    pipe.send(work(given))
