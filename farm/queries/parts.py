"""What belongs to results, by their keys: metrics, doubts, evidence, the work, the machine, the software.

Each part is one query for every batch of keys. Of what many results share, such as the software, each is read once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.contract.evidence import Evidence
from farm.contract.statistics import Statistics
from farm.database import tables

Key = TypeVar("Key", int, str)

FIELDS: Final = tuple(Statistics.model_fields)
BATCH: Final = 10_000  # keys in one query: SQLite takes 32 766, PostgreSQL 65 535


def batches(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Part keys, so that a database takes each part in one query."""
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def metrics_of(
    session: Session, keys: Sequence[int], metrics: Sequence[str] | None
) -> dict[int, dict[str, Statistics]]:
    """Give the statistics of these metrics, or of all."""
    table = tables.Measurement
    found: dict[int, dict[str, Statistics]] = defaultdict(dict)
    for batch in batches(keys):
        chosen = select(table.attempt_id, table.metric, *(getattr(table, field) for field in FIELDS))
        chosen = chosen.where(table.attempt_id.in_(batch))
        if metrics is not None:
            chosen = chosen.where(table.metric.in_(metrics))
        for key, metric, *figures in session.execute(chosen):
            found[key][metric] = Statistics(**dict(zip(FIELDS, figures, strict=True)))
    return found


def doubts_of(session: Session, keys: Sequence[int]) -> dict[int, list[str]]:
    """Give the kinds of the doubts."""
    found: dict[int, list[str]] = defaultdict(list)
    for batch in batches(keys):
        chosen = select(tables.Doubt.attempt_id, tables.Doubt.kind).where(tables.Doubt.attempt_id.in_(batch))
        for row in session.execute(chosen.order_by(tables.Doubt.id)):
            found[row.attempt_id].append(row.kind)
    return found


def evidence_of(session: Session, keys: Sequence[int]) -> dict[int, list[Evidence]]:
    """Give the evidence, in the order in which it was gathered."""
    found: dict[int, list[Evidence]] = defaultdict(list)
    for batch in batches(keys):
        chosen = select(tables.Evidence).where(tables.Evidence.attempt_id.in_(batch)).order_by(tables.Evidence.id)
        for item in session.execute(chosen).scalars():
            found[item.attempt_id].append(Evidence.model_validate(item, from_attributes=True))
    return found


def rows_of(session: Session, table: Any, keys: Sequence[int]) -> dict[int, Any]:
    """Give the rows of a table that has few, each once."""
    return {row.id: row for row in session.execute(select(table).where(table.id.in_(set(keys)))).scalars()}
