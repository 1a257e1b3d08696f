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
FEW: Final = 5_000  # results whose figures are looked up one by one within tens of milliseconds

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
    if order is not None and order.field.measured is not None and count(session, conditions, most=FEW) == FEW:
        return _by_metric(session, conditions, order, limit=limit, skip=skip)
    chosen = results(Attempt.id, conditions=conditions, order=(order.sql(), NEWEST) if order else (NEWEST,))
    return _page(session, chosen, limit=limit, skip=skip)


def count(session: Session, conditions: Conditions, *, most: int | None = None) -> int:
    """Count results; `most` is the answer where there are as many or more."""
    if most is None:
        return int(session.execute(results(func.count(), conditions=conditions)).scalar_one())
    some = results(Attempt.id, conditions=conditions).limit(most).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def _by_metric(session: Session, conditions: Conditions, order: Order, *, limit: int | None, skip: int) -> list[int]:
    """Walk the index on metric and median until enough are found that hold: among many results they are near.

    It lists no attempt without the metric: those come after it. Of few results, each figure is looked up instead.
    """
    metric, statistic = order.field.measured or ("", "")
    figure = getattr(Measurement, statistic)
    measured = (
        results(Attempt.id, conditions=conditions)
        .join(Measurement, (Measurement.attempt_id == Attempt.id) & (Measurement.metric == metric))
        .where(figure.is_not(None))
    )
    towards = figure.desc() if order.downward else figure.asc()
    found = _page(session, measured.order_by(towards, NEWEST), limit=limit, skip=skip)
    if limit is not None and len(found) == limit:
        return found
    with_it = session.execute(select(func.count()).select_from(measured.subquery())).scalar_one()
    lacking = results(Attempt.id, conditions=(*conditions, order.field.sql.is_(None)), order=(NEWEST,))
    rest = None if limit is None else limit - len(found)
    return found + _page(session, lacking, limit=rest, skip=max(0, skip - with_it))


def _page(session: Session, chosen: Chosen, *, limit: int | None, skip: int) -> list[int]:
    return list(session.execute(chosen.limit(limit).offset(skip or None)).scalars())


def _tables(clause: Any) -> Iterator[str]:
    """Name the tables of all columns in a clause, however deep."""
    for each in iterate(getattr(clause, "expression", clause)):
        if isinstance(each, Column) and each.table is not None:
            yield each.table.name
