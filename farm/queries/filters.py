"""The filters of every question: each is a row of word, column and meaning, shared by commands and reports."""

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple, get_args

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case, cast, select
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.evidence import FAKE, Verdict
from farm.contract.meant import offered
from farm.contract.scenario import Scenario
from farm.database import tables

Filters = dict[str, str]
MANY: Final = 1000  # values of a column that are looked at for the nearest one
#: A verdict as it is told: what the fake platform did is fake, whatever its evidence.
TOLD: Final = case((tables.Job.platform == FAKE, FAKE), else_=tables.Attempt.verdict)


class Filter(NamedTuple):
    """One filter: the word a person types, its column, what it means, and its values where all are known."""

    word: str
    column: SQLColumnExpression[Any]
    meaning: str
    values: tuple[str, ...] = ()


FILTERS: Final[dict[str, Filter]] = {
    row.word: row
    for row in (
        Filter("sweep", tables.Sweep.public_id, "id of the sweep"),
        Filter("name", tables.Sweep.name, "name of the sweep"),
        Filter("model", tables.Job.model, "model, as the sweep named it"),
        Filter("family", tables.Job.family, "kind of work"),
        Filter("platform", tables.Job.platform, "runtime on a device"),
        Filter("precision", tables.Job.precision, "number format"),
        Filter("scenario", tables.Job.scenario, "latency, throughput or server", get_args(Scenario)),
        Filter("machine", tables.Machine.name, "name of the box"),
        Filter("verdict", TOLD, "real, suspect, mock or fake", (*map(str, Verdict), FAKE)),
    )
}


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Turn filters into SQL conditions.

    Raises: UnknownName for a word that is no filter, or a value that none can have.
    """
    for word in filters:
        if word not in FILTERS:
            raise UnknownName(f"unknown filter {word!r}; {offered(word, FILTERS)}")
    return [holds(word, value) for word, value in filters.items()]


def holds(word: str, value: str) -> ColumnElement[bool]:
    """Hold for the results that have this value of a filter's word.

    Raises: UnknownName for a value that none can have.
    """
    values = FILTERS[word].values
    if values and value not in values:
        raise UnknownName(_no_such(word, value, values))
    if word == "verdict" and value != FAKE:  # as an index knows it
        return (tables.Attempt.verdict == value) & (tables.Job.platform != FAKE)
    compared: ColumnElement[bool] = FILTERS[word].column == value
    return compared


def labelled(name: str, value: str) -> ColumnElement[bool]:
    """Hold for the sweeps whose label has this value, compared as text; SQLite writes a JSON truth value as 1 or 0."""
    also = {"true": "1", "false": "0"}.get(value, value)
    return cast(tables.Sweep.labels[name].as_string(), String).in_((value, also))


def unmatched(session: Session, filters: Filters) -> list[str]:
    """Say of each filter whether anything known has its value, and if not, what comes near: why a list is empty."""
    found = []
    for word, value in filters.items():
        column = FILTERS[word].column
        if FILTERS[word].values or session.execute(select(column).where(column == value).limit(1)).first():
            continue
        known = session.execute(select(column).where(column.is_not(None)).distinct().limit(MANY)).scalars().all()
        found.append(_no_such(word, value, known))
    return found


def unmatched_labels(session: Session, labels: Iterable[tuple[str, str]]) -> list[str]:
    """Say of each label whether any sweep has it so, and if not, what comes near."""
    found = []
    for name, value in labels:
        if session.execute(select(tables.Sweep.id).where(labelled(name, value)).limit(1)).first():
            continue
        newest = select(tables.Sweep.labels).order_by(tables.Sweep.id.desc()).limit(MANY)
        known = session.execute(newest).scalars().all()
        if any(name in each for each in known):
            found.append(_no_such(f"label {name}", value, {str(each[name]) for each in known if name in each}))
        else:
            found.append(_no_such("label", name, {word for each in known for word in each}))
    return found


def _no_such(word: str, value: str, known: Collection[str]) -> str:
    return f"no {word} is called {value!r}; {offered(value, sorted(known))}"
