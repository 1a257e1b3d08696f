"""Parquet for pandas, DuckDB and the like; its last column is the whole record as JSON."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from farm.contract.errors import EnvironmentFault, UserMistake

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ModuleNotFoundError as error:
    raise EnvironmentFault("Parquet needs pyarrow: pip install 'benchmark-farm[history]'") from error

AT_ONCE: Final = 200  # rows of one row group, held in memory
WHOLE: Final = ("row", "rows", "batch_size", "sequence_length", "new_tokens")
FIGURES: Final = ("latency", "throughput", "memory_growth")


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write the rows; give how many they were."""
    number, left = 0, iter(rows)
    writer = None
    while group := list(islice(left, AT_ONCE)):
        schema = pa.schema([(name, _type(name)) for name in group[0]])
        writer = writer or pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_table(pa.Table.from_pylist(group, schema=schema))
        number += len(group)
    if writer is not None:
        writer.close()
    return number


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows.

    Raises: UserMistake for what is no Parquet file.
    """
    try:
        with pq.ParquetFile(path) as file:
            for group in file.iter_batches(batch_size=AT_ONCE):
                yield from group.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserMistake(f"{path} is no whole Parquet file: {reason}; it may have been cut short") from error


def _type(name: str) -> pa.DataType:
    return pa.int64() if name in WHOLE else pa.float64() if name in FIGURES else pa.string()
