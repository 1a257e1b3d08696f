"""The only place that speaks: answers to stdout, everything else to stderr."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from farm.contract.states import JobState
from farm.local.run import Glance


def say(text: str) -> None:
    """Write an answer to stdout."""
    typer.echo(text)


def tell(text: str) -> None:
    """Write news to stderr."""
    typer.echo(text, err=True)


def log_to_stderr(level: str) -> None:
    """Log one line per event."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class SweepProgress:
    """Shows how a sweep goes: jobs done, time left, the current cell; plain lines where there is no terminal."""

    def __init__(self, progress: Progress, *, terminal: bool) -> None:
        """Show on `progress`, or in plain lines."""
        self._progress = progress
        self._terminal = terminal
        self._task = progress.add_task("starting", total=None)
        self._last = ""

    def show(self, seen: Glance) -> None:
        """Show a glance."""
        bad = seen.states.get(JobState.FAILED, 0)
        now = ", ".join(seen.running) or "waiting for a worker"
        text = f"{now}{f' · {bad} failed' if bad else ''}"
        self._progress.update(self._task, total=seen.total(), completed=seen.settled(), description=text)
        line = f"{seen.settled()}/{seen.total()} {text}"
        if not self._terminal and line != self._last:
            tell(line)
        self._last = line


@contextmanager
def sweep_progress() -> Iterator[SweepProgress]:
    """Show the progress of a sweep on stderr."""
    console = Console(stderr=True)
    columns: list[Any] = [
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    ]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield SweepProgress(progress, terminal=console.is_terminal)
