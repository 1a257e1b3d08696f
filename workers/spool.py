"""Results that could not be settled yet, on disk: written before the database is asked, removed once it said yes.

Where the disk is full they are kept in memory, which survives an absent database but not the end of the process; the
lease then returns the job. A file that cannot be read is set aside, so that it does not stand in the way of others.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from pydantic import ValidationError

from farm.contract.result import Failure, Result
from farm.contract.value import Value

ASIDE: Final = ".aside"  # suffix of what can never be settled

log = structlog.get_logger()


class Spooled(Value):
    """What an attempt brought back, with the token that lets it settle."""

    token: str
    result: Result | None = None
    failure: Failure | None = None


class Spool:
    """A folder of spooled results, one file per attempt. Several workers of a box may share it."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made private if it is not there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._in_memory: dict[str, Spooled] = {}
        #: Held while settling: the thread of the job and the heartbeat do not settle the same result at once.
        self.settling = threading.Lock()

    def put(self, spooled: Spooled) -> None:
        """Write a result so that it survives a crash of the process and of the box."""
        part = self._path(spooled.token).with_suffix(".part")
        try:
            part.touch(mode=0o600)
            with part.open("w") as stream:
                stream.write(spooled.model_dump_json())
                stream.flush()
                os.fsync(stream.fileno())
            part.rename(self._path(spooled.token))
            self._sync_folder()
        except OSError as error:
            log.error("spool not written; the result is kept in memory", token=spooled.token, reason=str(error))
            with suppress(OSError):
                part.unlink(missing_ok=True)
            self._in_memory[spooled.token] = spooled

    def drop(self, token: str) -> None:
        """Remove a result that is settled, or never will be."""
        self._in_memory.pop(token, None)
        self._path(token).unlink(missing_ok=True)  # another worker of this box may have settled it meanwhile

    def set_aside(self, token: str) -> None:
        """Keep a result that will never settle, where it stands in nobody's way."""
        self._in_memory.pop(token, None)
        _set_aside(self._path(token))

    def waiting(self) -> Iterator[Spooled]:
        """Give everything that is not settled yet, oldest first."""
        yield from tuple(self._in_memory.values())
        for path in sorted(self._folder.glob("*.json"), key=_written_at):
            spooled = _read(path)
            if spooled is not None:
                yield spooled

    def _path(self, token: str) -> Path:
        return self._folder / f"{token}.json"

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # without it the name may be lost though the content is safe
        finally:
            os.close(folder)


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0  # settled meanwhile: reading it finds nothing


def _read(path: Path) -> Spooled | None:
    try:
        return Spooled.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except (ValidationError, UnicodeDecodeError) as error:
        log.error("a spooled result cannot be read and is set aside", path=str(path), reason=str(error)[:200])
        _set_aside(path)
        return None


def _set_aside(path: Path) -> None:
    with suppress(FileNotFoundError):  # another worker of this box was first
        path.rename(path.with_suffix(ASIDE))
