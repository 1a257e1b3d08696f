"""Starts workers on this machine as processes, tells when one dies, and stops them with all their children."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from farm.contract.errors import NoWorker
from farm.settings import Settings

STOP_WITHIN: Final = 4.0  # seconds for a worker to give its job back and go


class LocalWorker(NamedTuple):
    """A worker process that we started, and where it logs."""

    name: str
    platforms: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise NoWorker when it is gone."""
        code = self.process.poll()
        if code is not None:
            raise NoWorker(
                f"the local worker for {', '.join(self.platforms)} ended with exit code {code}:\n{_tail(self.log)}"
            )


@contextmanager
def local_workers(settings: Settings, groups: Sequence[tuple[str, ...]], *, pool: str) -> Iterator[list[LocalWorker]]:
    """Run one worker for each group of platforms; at the end all of them and their children are gone."""
    folder = settings.data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    started: list[LocalWorker] = []
    try:
        for platforms in groups:
            started.append(_start(settings, platforms, pool=pool, folder=folder))
        yield started
    finally:
        for worker in started:
            _hang_up(worker)
        for worker in started:
            _stop(worker)


def _start(settings: Settings, platforms: tuple[str, ...], *, pool: str, folder: Path) -> LocalWorker:
    name = f"local-{'-'.join(platforms)}-{os.getpid()}"
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "workers", "serve", "--name", name, "--pool", pool, "--with-parent"]
    for platform in platforms:
        command += ["--platform", platform]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # never written: its end tells the worker that we are gone, however we went
            stdout=stream,
            stderr=stream,
            env=os.environ | settings.environment(),
            start_new_session=True,  # a Ctrl-C is ours to handle
        )
    return LocalWorker(name, platforms, process, log)


def _hang_up(worker: LocalWorker) -> None:
    if worker.process.stdin is not None:
        worker.process.stdin.close()


def _stop(worker: LocalWorker) -> None:
    try:
        worker.process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        worker.process.kill()  # its children see the end of their pipe and go too
        worker.process.wait()


def _tail(log: Path, *, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
