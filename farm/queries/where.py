"""One condition in words, as in `batch_size>=8`, `latency<10ms`, `option.attention=eager`: read, never executed."""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from farm.contract.errors import UserMistake
from farm.database import tables
from farm.queries.fields import Field, field_of

SHAPE: Final = re.compile(r"\s*([\w.-]+)\s*(>=|<=|!=|==|=|<|>|~)\s*(.*?)\s*")
COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
OF_TEXT: Final = ("=", "==", "!=", "~")
FIGURE: Final = re.compile(r"([+-]?\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?)\s*([a-zµ%]*)", re.IGNORECASE)
#: Suffixes of figures and what they are worth in the field's SI unit.
SUFFIXES: Final[dict[str, dict[str, float]]] = {
    "s": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0},
    "bytes": {"b": 1.0, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "mb": 1e6, "gb": 1e9},
    "1": {"%": 0.01},
}


def condition_of(text: str) -> ColumnElement[bool]:
    """Read one condition: a field, one of >= <= != = < > or ~ (contains), and a value.

    Raises: UnknownName for a field that is none, UserMistake for anything else that cannot be read.
    """
    found = SHAPE.fullmatch(text)
    if found is None:
        raise UserMistake(f"cannot read the condition {text!r}; write FIELD, one of >= <= != = < > ~, and a value")
    word, sign, value = found.groups()
    field = field_of(word)
    if field.unit == "text":
        return _of_text(field, word, sign, value)
    if sign == "~":
        raise UserMistake(f"{word} is a figure: ~ (contains) is for text")
    figure = _figure(value, word, field.unit)
    if word == "doubts":
        return _of_doubts(COMPARED[sign], figure)
    if field.measured:
        return _of_metric(*field.measured, compare=COMPARED[sign], figure=figure)
    compared: ColumnElement[bool] = COMPARED[sign](field.sql, figure)
    return compared


def _of_metric(
    metric: str, statistic: str, *, compare: Callable[[Any, Any], Any], figure: float
) -> ColumnElement[bool]:
    """Look the attempts up by the index on metric and median, rather than the metric of every attempt."""
    found = select(tables.Measurement.attempt_id).where(
        tables.Measurement.metric == metric, compare(getattr(tables.Measurement, statistic), figure)
    )
    return tables.Attempt.id.in_(found)


def _of_doubts(compare: Callable[[Any, Any], Any], figure: float) -> ColumnElement[bool]:
    """Look the few attempts up that have doubts; where none at all would do, leave out those that have others."""
    nothing_does = bool(compare(0, figure))
    number: ColumnElement[bool] = compare(func.count(), figure)
    found = (
        select(tables.Doubt.attempt_id).group_by(tables.Doubt.attempt_id).having(~number if nothing_does else number)
    )
    return tables.Attempt.id.not_in(found) if nothing_does else tables.Attempt.id.in_(found)


def _of_text(field: Field, word: str, sign: str, value: str) -> ColumnElement[bool]:
    if sign not in OF_TEXT:
        raise UserMistake(f"{word} is text: compare it by = or != or ~ (contains)")
    if sign == "~":
        return field.sql.contains(value, autoescape=True)
    compared: ColumnElement[bool] = COMPARED[sign](field.sql, value)
    return compared


def _figure(value: str, word: str, unit: str) -> float:
    found = FIGURE.fullmatch(value)
    worth = {"": 1.0, **SUFFIXES.get(unit, {})}
    if found is None or found[2].lower() not in worth:
        suffixes = ", ".join(filter(None, worth))
        allowed = f", which may end in {suffixes}" if suffixes else ""
        raise UserMistake(
            f"{word} is compared with a figure in {unit if unit != '1' else 'plain numbers'}{allowed}, not {value!r}"
        )
    return float(found[1]) * worth[found[2].lower()]
