"""Which results are asked for: their keys in order, a page at a time, and how many there are.

A question reads the attempts and of the other tables only those that its words name; whatever else is shown of a
result is read by its key. Counting ends where nobody pages to: a large history is not read to its end for a number.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import iterate

from farm.contract.states import AttemptState
from farm.database.tables import Attempt, Environment, Job, Machine, Measurement, Sweep
from farm.queries.sorting import Order

Conditions = Sequence[ColumnElement[bool]]
Chosen = Select[*tuple[Any, ...]]

NEWEST: Final = Attempt.id.desc()
IN_ORDER: Final = "median"  # the statistic by which an index has every metric in order
FEW: Final = 5_000  # results whose figures are looked up one by one within tens of milliseconds
WALK: Final = 1_000  # figures of a metric that are read, and their results looked up, within tens of milliseconds

#: The tables beside the attempts, each after the one that it is reached through.
BESIDE: Final = (
    (Job, Job.id == Attempt.job_id),
    (Sweep, Sweep.id == Job.sweep_id),
    (Machine, Machine.id == Attempt.machine_id),
    (Environment, Environment.id == Attempt.environment_id),
)


def results(*columns: Any, conditions: Conditions, order: Sequence[ColumnElement[Any]] = ()) -> Chosen:
    """Choose columns of the results that the conditions let through."""
    named = {name for clause in (*columns, *conditions, *order) for name in _tables(clause)}
    if Sweep.__tablename__ in named:
        named.add(Job.__tablename__)
    chosen = select(*columns).select_from(Attempt)
    for table, link in BESIDE:
        if table.__tablename__ in named:
            chosen = chosen.join(table, link)
    return chosen.where(Attempt.state == AttemptState.DONE, *conditions).order_by(*order)


def keys(
    session: Session, conditions: Conditions, *, order: Order | None = None, limit: int | None = None, skip: int = 0
) -> list[int]:
    """Give the keys of results in the asked order, else the newest first; what lacks the field comes last."""
    if order is not None and limit is not None and _by_walking(session, conditions, order):
        found = _walked(session, conditions, order, wanted=limit + skip)[skip:]
        if len(found) == limit:
            return found
    chosen = results(Attempt.id, conditions=conditions, order=(order.sql(), NEWEST) if order else (NEWEST,))
    return list(session.execute(chosen.limit(limit).offset(skip or None)).scalars())


def count(session: Session, conditions: Conditions, *, most: int | None = None) -> int:
    """Count results; `most` is the answer where there are as many or more."""
    if most is None:
        return int(session.execute(results(func.count(), conditions=conditions)).scalar_one())
    some = results(Attempt.id, conditions=conditions).limit(most).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def _by_walking(session: Session, conditions: Conditions, order: Order) -> bool:
    """Say whether to try a walk: along an index always, along all figures of a metric for many results only."""
    if order.field.measured is None:
        return False
    return order.field.measured[1] == IN_ORDER or count(session, conditions, most=FEW) == FEW


def _walked(session: Session, conditions: Conditions, order: Order, *, wanted: int) -> list[int]:
    """Give the first keys by a metric, as far as a walk along its figures finds them.

    Among many results the first that hold are near. Where they are not, or are few, all that hold are looked up.
    """
    metric, statistic = order.field.measured or ("", "")
    figure: ColumnElement[Any] = getattr(Measurement, statistic)
    walk = (
        select(Measurement.attempt_id, figure.label("figure"))
        .where(Measurement.metric == metric, figure.is_not(None))
        .order_by(figure.desc() if order.downward else figure.asc(), Measurement.attempt_id.desc())
        .limit(WALK + wanted)
        .subquery()
    )
    first = walk.c.figure.desc() if order.downward else walk.c.figure.asc()
    chosen = results(Attempt.id, conditions=conditions).join(walk, walk.c.attempt_id == Attempt.id)
    return list(session.execute(chosen.order_by(first, NEWEST).limit(wanted)).scalars())


def _tables(clause: Any) -> Iterator[str]:
    """Name the tables of all columns in a clause, however deep."""
    for each in iterate(getattr(clause, "expression", clause)):
        if isinstance(each, Column) and each.table is not None:
            yield each.table.name
