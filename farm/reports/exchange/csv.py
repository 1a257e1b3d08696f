"""CSV for spreadsheets; its last column is the whole record as JSON, which `farm results import` reads."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from farm.contract.errors import UserMistake
from farm.reports.formats.csv import harmless


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write the rows; give how many they were."""
    number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows, start=1):
            if number == 1:
                writer.writerow(row)
            writer.writerow([harmless(cell) for cell in row.values()])
    return number


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows.

    Raises: UserMistake for what is no CSV.
    """
    csv.field_size_limit(sys.maxsize)  # a record holds all samples of a result
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            yield from csv.DictReader(file, strict=True)
        except csv.Error as error:
            raise UserMistake(f"{path} is no whole CSV file: {error}") from error
