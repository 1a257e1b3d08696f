"""One side of a comparison in words: a sweep, a label, a machine, a platform, a stretch of time, or several of these.

In: `last`, `k3m9x2p7qa`, `nightly`, `commit=abc123`, `platform=cpu,machine=box`, `2026-01-01..2026-01-31`, `7d..`.
Out: conditions in SQL, and the fields that the words hold fast.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName, UserMistake
from farm.contract.meant import offered
from farm.database import tables
from farm.database.engine import now
from farm.queries.filters import FILTERS, MANY, holds, labelled
from farm.queries.question import between
from farm.queries.sweeps import LAST, get_sweep

RANGE: Final = ".."
LABEL: Final = ("label ", "label:", "label.")  # may stand before a label's name, where a filter is called the same


class Side(NamedTuple):
    """One side: its words, what they mean in SQL, the values they give to fields such as `platform`, and its labels."""

    text: str
    conditions: tuple[ColumnElement[bool], ...]
    fields: dict[str, str]
    labels: dict[str, str]


def side_of(session: Session, text: str) -> Side:
    """Read one side; parts with commas between them must all hold.

    Raises: UnknownName for a sweep that is not there, UserMistake for no words or a wrong point in time.
    """
    parts = [_part(session, word.strip(), at=now(session)) for word in text.split(",") if word.strip()]
    if not parts:
        raise UserMistake("an empty side: name a sweep, label=value, machine=NAME, platform=NAME or SINCE..UNTIL")
    return Side(
        text,
        tuple(each for part in parts for each in part.conditions),
        {name: value for part in parts for name, value in part.fields.items()},
        {name: value for part in parts for name, value in part.labels.items()},
    )


class _Part(NamedTuple):
    conditions: Sequence[ColumnElement[bool]]
    fields: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}


def _part(session: Session, word: str, *, at: datetime) -> _Part:
    name, equals, value = word.partition("=")
    label = next((name.removeprefix(mark).strip() for mark in LABEL if name.startswith(mark)), None)
    if equals and not label and name == "sweep":
        return _Part([_sweep(session, value)])
    if equals and not label and name in FILTERS:
        return _Part([holds(name, value)], fields={name: value})
    if equals:
        label = label or name.strip()
        return _Part([labelled(label, value)], labels={label: value})
    return _Part(_stretch(word, at=at) if RANGE in word else [_sweep(session, word)])


def _stretch(word: str, *, at: datetime) -> list[ColumnElement[bool]]:
    since, _, until = word.partition(RANGE)
    return between(since, until, now=at)


def _sweep(session: Session, word: str) -> ColumnElement[bool]:
    """Find a sweep by its id, or all that have this name."""
    if word == LAST:
        return tables.Sweep.public_id == get_sweep(session, LAST).public_id
    column: Any
    for column in (tables.Sweep.public_id, tables.Sweep.name):
        if session.execute(select(tables.Sweep.id).where(column == word).limit(1)).first():
            return column == word  # type: ignore[no-any-return]
    names = session.execute(select(tables.Sweep.name).distinct().limit(MANY)).scalars().all()
    also = "(a side may also be label=value, machine=NAME, platform=NAME or SINCE..UNTIL)"
    raise UnknownName(f"no sweep has the id or name {word!r}; {offered(word, sorted(names))} {also}")
