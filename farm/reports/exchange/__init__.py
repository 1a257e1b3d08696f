"""Files that carry results from farm to farm: one file per format, found by its name.

In: result records. Out: a file with a row for each, its record whole and beside it what people look for first. Every
row says how many rows there are, so that a file cut short is noticed whatever its format.
"""

import importlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from farm.contract.errors import UserMistake
from farm.contract.record import ResultRecord

FORMATS: Final = ("jsonl", "csv", "parquet")
MEDIANS: Final = ("latency", "throughput", "memory_growth")
RECORD: Final = "record"  # the column that holds the whole, as JSON
ROW: Final = "row"
ROWS: Final = "rows"

Row = dict[str, Any]


def write_records(path: Path, records: Iterable[ResultRecord], *, count: int, form: str) -> int:
    """Write records to a file, whole or not at all; give how many they were.

    Raises: UserMistake when it cannot be written.
    """
    rows = (_row(record, number, count) for number, record in enumerate(records, start=1))
    try:
        with tempfile.NamedTemporaryFile(dir=path.absolute().parent, prefix=f".{path.name}.", delete=False) as made:
            unfinished = Path(made.name)
        try:
            written = int(_format(form).write(unfinished, rows))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserMistake(f"cannot write {path}: {error.strerror or error}") from error
    return written


def read_records(path: Path) -> Iterator[ResultRecord]:
    """Read a file of any of the formats, told by its content.

    Raises: UserMistake for a file that is none of them, was cut short, or holds anything but results of a farm.
    """
    if not path.is_file():
        raise UserMistake(f"no file {path}" + (": it is a folder" if path.is_dir() else ""))
    number = expected = 0
    for number, row in enumerate(_format(_form_of(path)).read(path), start=1):
        expected = _whole(path, row, number)
        try:
            yield ResultRecord.model_validate_json(row[RECORD])
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise UserMistake(f"{path}: row {number} is no result of a farm: {where}: {first['msg']}") from error
    if not number:
        raise UserMistake(f"{path} has no rows: it was not written by `farm results export`, or was cut short")
    if number != expected:
        raise UserMistake(f"{path} was cut short: it has {number} of {expected} rows; export it again")


def _whole(path: Path, row: Row, number: int) -> int:
    try:
        place, expected = int(row[ROW]), int(row[ROWS])
    except (KeyError, TypeError, ValueError):
        raise UserMistake(
            f"{path} was not written by `farm results export`: it has no columns {ROW} and {ROWS}"
        ) from None
    if place != number or not isinstance(row.get(RECORD), str):
        raise UserMistake(f"{path}: row {number} is not whole; rows were taken out or changed")
    return expected


def _row(record: ResultRecord, number: int, count: int) -> Row:
    spec = record.job.spec
    return {
        ROW: number,
        ROWS: count,
        "result": record.attempt.public_id,
        "finished_at": record.attempt.finished_at.isoformat(),
        "sweep": record.sweep.name,
        "model": spec.model.name,
        "family": spec.model.family,
        "platform": spec.platform,
        "precision": spec.precision,
        "scenario": spec.scenario,
        "batch_size": spec.batch_size,
        "sequence_length": spec.sequence_length,
        "new_tokens": spec.new_tokens,
        "machine": record.machine.machine.name,
        "verdict": record.attempt.verdict,
        "doubts": ", ".join(doubt.kind for doubt in record.doubts),
        **{metric: record.median(metric) for metric in MEDIANS},
        RECORD: record.model_dump_json(),
    }


def _form_of(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return "parquet"
    return "jsonl" if start.startswith(b"{") else "csv"


def _format(form: str) -> Any:
    return importlib.import_module(f"{__name__}.{form}")
