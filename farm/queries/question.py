"""Which results are asked for, in words: filters, a stretch of time, labels, and conditions; all of them must hold."""

from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from farm.contract.errors import UserMistake
from farm.database import tables
from farm.database.engine import now
from farm.queries.filters import Filters, conditions, labelled
from farm.queries.moments import moment
from farm.queries.where import condition_of


class Question(NamedTuple):
    """The words as they were typed."""

    filters: Filters = {}
    since: str | None = None
    until: str | None = None
    labels: tuple[str, ...] = ()  # as NAME=VALUE
    where: tuple[str, ...] = ()  # as batch_size>=8


def asked(session: Session, question: Question) -> list[ColumnElement[bool]]:
    """Turn words into SQL conditions.

    Raises: UnknownName for a word that is none, UserMistake for what cannot be read.
    """
    at = now(session)
    found = conditions(question.filters)
    if question.since:
        found.append(tables.Attempt.finished_at >= moment(question.since, now=at))
    if question.until:
        found.append(tables.Attempt.finished_at < moment(question.until, now=at, end=True))
    for label in question.labels:
        name, equals, value = label.partition("=")
        if not equals:
            raise UserMistake(f"a label is asked for as NAME=VALUE, not {label!r}")
        found.append(labelled(name, value))
    return [*found, *map(condition_of, question.where)]
