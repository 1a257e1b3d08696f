"""What an attempt brought is written: measurements with their samples, doubts, evidence, the tail of its log."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from farm.contract.metrics import METRICS
from farm.contract.result import Measurement, Result
from farm.database import tables
from farm.database.engine import insert_rows
from farm.database.sample_codec import pack

LOG: Final = "log"  # the kind of artifact that a log is
Row = dict[str, object]

_MEASUREMENT: Final = tables.plain(tables.Measurement)
MEASUREMENTS: Final = insert(_MEASUREMENT).returning(_MEASUREMENT.c.id, sort_by_parameter_order=True)


def write_brought(session: Session, attempt_id: int, result: Result) -> None:
    """Write everything that a result consists of beside the attempt's own row."""
    write_measurements(session, attempt_id, result.measurements)
    for table, brought in ((tables.Doubt, doubts(result)), (tables.Evidence, evidence(result))):
        rows = [{"attempt_id": attempt_id, **row} for row in brought]
        insert_rows(session, insert(tables.plain(table)), rows)
    write_log(session, attempt_id, result.log_tail)


def write_measurements(session: Session, attempt_id: int, measurements: Sequence[Measurement]) -> None:
    """Write the statistics and the raw samples of an attempt's metrics."""
    if not measurements:
        return
    rows = [{"attempt_id": attempt_id, **statistics(each)} for each in measurements]
    made = session.execute(MEASUREMENTS, rows).scalars().all()
    packed = [pack(each.samples) for each in measurements]
    samples = [
        {"measurement_id": measurement_id, "counts": counts, "data": data}
        for measurement_id, (counts, data) in zip(made, packed, strict=True)
    ]
    insert_rows(session, insert(tables.plain(tables.Samples)), samples)


def write_log(session: Session, attempt_id: int, log: str) -> None:
    """Write the tail of a log; an empty one is none."""
    if log:
        session.execute(insert(tables.plain(tables.Artifact)), {"attempt_id": attempt_id, "kind": LOG, "content": log})


def statistics(measurement: Measurement) -> Row:
    """Give the columns of a measurement, but whose it is."""
    unit = METRICS[measurement.metric].unit
    return {"metric": measurement.metric, "unit": unit, **measurement.statistics.model_dump()}


def doubts(result: Result) -> list[Row]:
    """Give the columns of each doubt, but whose it is."""
    return [each.model_dump(mode="json") for each in result.doubts]


def evidence(result: Result) -> list[Row]:
    """Give the columns of each piece of evidence, but whose it is."""
    return [each.model_dump(mode="json") for each in result.evidence]
