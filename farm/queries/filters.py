"""The filters of every question: each is a row of word, column and meaning, shared by commands and reports."""

import difflib
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from farm.contract.errors import UnknownName
from farm.database import tables

Filters = dict[str, str]
MANY: Final = 1000  # values of a column that are looked at for the nearest one


class Filter(NamedTuple):
    """One filter: the word a person types, the column it compares, and what it means."""

    word: str
    column: InstrumentedAttribute[Any]
    meaning: str


FILTERS: Final[dict[str, Filter]] = {
    row.word: row
    for row in (
        Filter("sweep", tables.Sweep.public_id, "id of the sweep"),
        Filter("name", tables.Sweep.name, "name of the sweep"),
        Filter("model", tables.Job.model, "model, as the sweep named it"),
        Filter("family", tables.Job.family, "kind of work"),
        Filter("platform", tables.Job.platform, "runtime on a device"),
        Filter("precision", tables.Job.precision, "number format"),
        Filter("scenario", tables.Job.scenario, "latency, throughput or server"),
        Filter("machine", tables.Machine.name, "name of the box"),
        Filter("verdict", tables.Attempt.verdict, "real, suspect or mock"),
    )
}


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Turn filters into SQL conditions.

    Raises: UnknownName for a word that is no filter.
    """
    found = []
    for word, value in filters.items():
        if word not in FILTERS:
            near = difflib.get_close_matches(word, FILTERS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownName(f"unknown filter {word!r}; known: {', '.join(FILTERS)}{hint}")
        found.append(FILTERS[word].column == value)
    return found


def labelled(name: str, value: str) -> ColumnElement[bool]:
    """Hold for the sweeps whose label has this value, compared as text; SQLite writes a JSON truth value as 1 or 0."""
    also = {"true": "1", "false": "0"}.get(value, value)
    return cast(tables.Sweep.labels[name].as_string(), String).in_((value, also))


def unmatched(session: Session, filters: Filters) -> list[str]:
    """Say of each filter whether anything known has its value, and if not, what comes near: why a list is empty."""
    found = []
    for word, value in filters.items():
        column = FILTERS[word].column
        known = session.execute(select(column).where(column.is_not(None)).distinct().limit(MANY)).scalars().all()
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known)) or 'none yet'}"
            found.append(f"no {word} is called {value!r}{hint}")
    return found
