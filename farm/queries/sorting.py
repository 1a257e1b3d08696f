"""The order of results in words: a field, with a minus before it for the greatest first; what lacks it comes last."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression

from farm.database import tables
from farm.queries.fields import field_of

FINISHED = "finished_at"


def order_of(word: str) -> tuple[ColumnElement[Any], ...]:
    """Read one order, as `latency`, `-throughput` or `-finished_at`.

    Raises: UnknownName.
    """
    name = word.removeprefix("-")
    sql: SQLColumnExpression[Any] = tables.Attempt.finished_at if name == FINISHED else field_of(name).sql
    return sql.is_(None), sql.desc() if word.startswith("-") else sql.asc()
