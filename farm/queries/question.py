"""Which results are asked for, in words: filters, a stretch of time, labels, and conditions; all of them must hold."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from farm.contract.errors import UserMistake
from farm.database import tables
from farm.database.engine import now
from farm.queries.filters import Filters, conditions, labelled, unmatched, unmatched_labels
from farm.queries.keys import count
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
    found += between(question.since, question.until, now=at)
    found += [labelled(name, value) for name, value in labels_of(question)]
    return [*found, *map(condition_of, question.where)]


def between(since: str | None, until: str | None, *, now: datetime) -> list[ColumnElement[bool]]:
    """Hold for the results that were finished within a stretch of time.

    Raises: UserMistake for what is no point in time, or a stretch that ends before it begins.
    """
    start = moment(since, now=now) if since else None
    end = moment(until, now=now, end=True) if until else None
    if start and end and start >= end:
        raise UserMistake(f"nothing can lie between {since} and {until}: the second is not later than the first")
    at = tables.Attempt.finished_at
    return [*([at >= start] if start else []), *([at < end] if end else [])]


def labels_of(question: Question) -> list[tuple[str, str]]:
    """Give the labels, each with its value.

    Raises: UserMistake.
    """
    wrong = [label for label in question.labels if "=" not in label]
    if wrong:
        raise UserMistake(f"a label is asked for as NAME=VALUE, not {wrong[0]!r}")
    return [(name, value) for name, _, value in (label.partition("=") for label in question.labels)]


def why_nothing(session: Session, question: Question) -> list[str]:
    """Say which words of a question nothing has, and what comes near; or that there are no results at all."""
    if not count(session, (), most=1):
        return ["there are no results yet; `farm run FILE` measures some"]
    return [*unmatched(session, question.filters), *unmatched_labels(session, labels_of(question))]
