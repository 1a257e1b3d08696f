"""One JSON object a line; the record is a JSON text within it, so that it stays as it was to the last digit."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from farm.contract.errors import UserMistake


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write the rows; give how many they were."""
    with path.open("w", encoding="utf-8") as file:
        return sum(bool(file.write(json.dumps(row) + "\n")) for row in rows)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows.

    Raises: UserMistake for a line that is no JSON object.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                found = json.loads(line)
            except ValueError:
                raise UserMistake(f"{path}: line {number} is no whole JSON object: the file was cut short") from None
            if not isinstance(found, dict):
                raise UserMistake(f"{path}: line {number} is no JSON object")
            yield found
