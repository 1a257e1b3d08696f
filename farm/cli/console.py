"""The only place that speaks: answers to stdout, everything else to stderr."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
import typer
from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from farm.contract.errors import EnvironmentFault
from farm.contract.states import JobState
from farm.local.run import Glance
from farm.reports.printable import printable, printable_lines

READER_LEFT: Final = 141  # as shells report it


def say(text: str) -> None:
    """Write an answer to stdout.

    Raises: EnvironmentFault where it cannot be written, as on a full disk.
    """
    try:
        typer.echo(text)
    except BrokenPipeError as left:
        sys.stdout = None  # nothing more can be written
        raise typer.Exit(READER_LEFT) from left
    except OSError as error:
        sys.stdout = None  # or its rest would be tried again at the end
        raise EnvironmentFault(f"cannot write the answer: {error.strerror or error}") from error


def tell(text: str) -> None:
    """Write news to stderr."""
    typer.echo(printable_lines(text), err=True)


def counted(number: int, what: str) -> str:
    """Say how many there are, as in `1 job` and `2 jobs`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


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


@contextmanager
def full_screen() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text on the whole terminal, in place of the one before; it is gone at the end."""
    with Live(screen=True, auto_refresh=False) as screen:
        yield lambda text: screen.update(Text(printable_lines(text)), refresh=True)


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
        text = printable(_words(seen))
        self._progress.update(self._task, total=seen.total(), completed=seen.settled(), description=text)
        line = f"{seen.settled()}/{seen.total()} {text}"
        if not self._terminal and line != self._last:
            tell(line)
        self._last = line


def _words(seen: Glance) -> str:
    """Say what runs now; when nothing does, what is waited for; when all is settled, how it ended."""
    if seen.settled() == seen.total():
        counts = [f"{seen.states[state]} {state}" for state in JobState if seen.states.get(state)]
        return f"all settled: {', '.join(counts)}"
    only_waiting = seen.states.get(JobState.WAITING, 0) == seen.total() - seen.settled()
    idle = "waiting for a worker that can run them" if only_waiting else "waiting for a worker"
    now = ", ".join(seen.running) or idle
    failed = seen.states.get(JobState.FAILED)
    return now + (f" · {failed} failed" if failed else "")


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
