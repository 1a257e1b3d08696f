"""Results that could not be settled yet, on disk: written before the database is asked, removed once it said yes."""

import os
from collections.abc import Iterator
from pathlib import Path

from farm.contract.result import Failure, Result
from farm.contract.value import Value


class Spooled(Value):
    """What an attempt brought back, with the token that lets it settle."""

    token: str
    result: Result | None = None
    failure: Failure | None = None


class Spool:
    """A folder of spooled results, one file per attempt."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made private if it is not there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def put(self, spooled: Spooled) -> Path:
        """Write a result so that it survives a crash of the process and of the box."""
        path = self._folder / f"{spooled.token}.json"
        part = path.with_suffix(".part")
        with part.open("w") as stream:
            stream.write(spooled.model_dump_json())
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # without it the name may be lost though the content is safe
        finally:
            os.close(folder)
        return path

    def waiting(self) -> Iterator[tuple[Path, Spooled]]:
        """Give everything that is not settled yet, oldest first."""
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
            yield path, Spooled.model_validate_json(path.read_text())
