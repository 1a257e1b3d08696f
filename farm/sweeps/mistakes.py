"""The mistakes of one sweep file, gathered with their lines and told all at once."""

from pathlib import Path
from typing import NoReturn

from farm.contract.errors import SweepMistakes


class Mistakes:
    """A list of mistakes that grows while a file is read, so that one reading finds them all."""

    def __init__(self, path: Path) -> None:
        """Begin with none."""
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, field: str, what: str) -> None:
        """Note a mistake. Lines count from 1; `field` is empty where the whole file is meant."""
        place = f"{self._path}:{line}: {field}: " if field else f"{self._path}:{line}: "
        self._found.append((line, place + what))

    def count(self) -> int:
        """Count the mistakes so far."""
        return len(self._found)

    def raise_all(self) -> NoReturn:
        """Raise what was found, in the order of the file."""
        raise SweepMistakes(tuple(dict.fromkeys(text for _, text in sorted(self._found, key=lambda found: found[0]))))
