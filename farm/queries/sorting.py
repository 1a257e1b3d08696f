"""The order of results in words: a field, with a minus before it for the greatest first; what lacks it comes last."""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement

from farm.database import tables
from farm.queries.fields import Field, field_of

FINISHED: Final = "finished_at"


class Order(NamedTuple):
    """One order: of which field, and whether the greatest come first."""

    field: Field
    downward: bool

    def sql(self) -> ColumnElement[Any]:
        """Write it for SQL."""
        towards = self.field.sql.desc() if self.downward else self.field.sql.asc()
        return towards if self.field.sql is FINISHED_AT else towards.nulls_last()


#: Every result has it: to ask for those that lack it would pass its index by.
FINISHED_AT: Final = tables.Attempt.finished_at


def order_of(word: str) -> Order:
    """Read one order, as `latency`, `-throughput` or `-finished_at`.

    Raises: UnknownName.
    """
    name = word.removeprefix("-")
    field = Field(FINISHED_AT, "text") if name == FINISHED else field_of(name)
    return Order(field, word.startswith("-"))
