"""The filters of every question: each is a row of word, column and meaning, shared by commands and reports."""

import difflib
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from farm.contract.errors import UnknownName
from farm.database import tables

Filters = dict[str, str]


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
        Filter("scenario", tables.Job.scenario, "latency or throughput"),
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
