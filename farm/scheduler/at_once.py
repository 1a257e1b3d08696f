"""On PostgreSQL a result settles by one statement: the attempt ends, what it brought is written, its job is done.

In: the attempt's token and its result. Out: what `ending` tells, and whether the job was moved: a verification, a
canary, a re-run or a doubtful result asks for more than that, which is the caller's. SQLite knows no such statement.
"""

from base64 import b64encode
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    JSON,
    Boolean,
    ColumnClause,
    ColumnElement,
    Executable,
    Insert,
    LargeBinary,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from farm.contract.result import Measurement, Result
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.sample_codec import pack
from farm.database.tables import plain
from farm.scheduler import brought
from farm.scheduler.ending import ACTOR, ATTEMPT, Held, ending, held
from farm.scheduler.moves import JOB, Told, check, events, tell

MEASUREMENT: Final = plain(tables.Measurement)
SAMPLES: Final = plain(tables.Samples)
OF_RESULT: Final = ("state", "verdict", "conditions", "facts")  # columns of the attempt
BEFORE: Final = JobState.RUNNING
AFTER: Final = JobState.DONE


def settle_at_once(session: Session, token: str, result: Result, *, straight: bool) -> tuple[Held, bool] | None:
    """End the attempt and write its result; the job is done with it if the result is `straight` and the job plain."""
    known: dict[str, object] = {
        "the_token": token,
        "the_state": AttemptState.DONE,
        "the_verdict": result.verdict,
        "the_conditions": result.conditions,
        "the_facts": result.facts,
        "straight": straight,
        "measurement": [_measurement(each) for each in result.measurements],
        "doubt": brought.doubts(result),
        "evidence": brought.evidence(result),
        "log": result.log_tail,
    }
    found = session.execute(_settling(), known).first()
    if found is None:
        return None
    *ended, moved = found
    settled = held(*ended)
    if moved:
        told = Told(BEFORE, AFTER, settled.at, settled.actor(), attempt_id=settled.attempt_id)
        tell(session, [settled.job_id], told)
    return settled, moved


def _measurement(measurement: Measurement) -> brought.Row:
    counts, data = pack(measurement.samples)
    return {**brought.statistics(measurement), "counts": counts, "data": b64encode(data).decode()}


@cache
def _settling() -> Executable:
    """Build the statement, once. Its parts see the tables as they were; what they return ties them together."""
    values: dict[str, object] = {name: bindparam(f"the_{name}", type_=ATTEMPT.c[name].type) for name in OF_RESULT}
    ended = ending(values, server=True).cte("ended")
    moved = _moving(ended)
    written = [
        *_measuring(ended),
        _writing(plain(tables.Doubt), ended),
        _writing(plain(tables.Evidence), ended),
        _logging(ended),
        _telling(moved, ended),
    ]
    return select(*ended.c, moved.c.id.is_not(None)).select_from(ended.outerjoin(moved, true())).add_cte(*written)


def _moving(ended: CTE) -> CTE:
    """Move the job of a plain result to done."""
    check(BEFORE, AFTER)
    plainly = bindparam("straight", type_=Boolean()) & ~(ended.c.verifies | ended.c.reruns | ended.c.is_canary)
    here = (JOB.c.id == ended.c.job_id) & (JOB.c.state == BEFORE)
    values = {"state": AFTER, "reason": "", "finished_at": ended.c.at}
    return update(JOB).where(here, plainly).values(values).returning(JOB.c.id).cte("moved")


def _telling(moved: CTE, ended: CTE) -> CTE:
    """Write the event of that move."""
    told: dict[str, ColumnElement[Any]] = {
        "before": literal(BEFORE),
        "after": literal(AFTER),
        "at": ended.c.at,
        "actor": literal(ACTOR) + ended.c.worker,
        "detail": literal(""),
        "attempt_id": ended.c.attempt_id,
    }
    return events(moved.join(ended, true()), {"job_id": moved.c.id, **told})


def _measuring(ended: CTE) -> tuple[CTE, CTE]:
    """Write the measurements, and the samples of each by the id that it got; an attempt measures a metric once."""
    rows = _rows("measurement", "s", column("metric", Text()), column("counts", JSON()), column("data", Text()))
    measured = _insert(MEASUREMENT, ended).returning(MEASUREMENT.c.id, MEASUREMENT.c.metric).cte("measured")
    data = func.decode(rows.c.data, "base64", type_=LargeBinary())
    samples = select(measured.c.id, rows.c.counts, data).join(rows, rows.c.metric == measured.c.metric)
    return measured, insert(SAMPLES).from_select(["measurement_id", "counts", "data"], samples).cte("sampled")


def _logging(ended: CTE) -> CTE:
    """Write the tail of the log, unless it is empty."""
    log = bindparam("log", type_=Text())
    logged = select(ended.c.attempt_id, literal(brought.LOG), log).where(log != "")
    return insert(plain(tables.Artifact)).from_select(["attempt_id", "kind", "content"], logged).cte("logged")


def _writing(table: Table, ended: CTE) -> CTE:
    return _insert(table, ended).cte(f"of_{table.name}")


def _insert(table: Table, ended: CTE) -> Insert:
    """Write the rows that the parameter of the table's name holds."""
    own = [column(each.name, each.type) for each in table.c if each.name not in ("id", "attempt_id")]
    rows, names = _rows(table.name, table.name[0], *own), [each.name for each in own]
    values = select(ended.c.attempt_id, *(rows.c[name] for name in names)).select_from(ended.join(rows, true()))
    return insert(table).from_select(["attempt_id", *names], values)


def _rows(name: str, alias: str, *columns: ColumnClause[Any]) -> TableValuedAlias:
    """Read a parameter of JSON as rows, in their order.

    Aliases are short: the driver (psycopg) prepares anew, at each use, what is longer than 4,096 characters.
    """
    given = func.json_to_recordset(bindparam(name, type_=JSON()))
    return given.table_valued(*columns).render_derived(name=alias, with_types=True)
