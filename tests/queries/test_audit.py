"""The audit finds what no writer may leave, by job, and is silent about everything that a farm does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update

from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.audit import Finding, attempt_states, audit
from farm.scheduler.cancel import cancel, retry
from farm.scheduler.reap import reap
from farm.scheduler.settle import release, settle_cancelled
from tests.builders import claimed, dispatched, done, failed, registered, spec, submitted


def findings(engine: Engine, *, ended: str | None = None) -> list[Finding]:
    with read(engine) as session:
        return audit(session, ended=ended)


def history(engine: Engine) -> str:
    """Make one of everything that can happen to a job; gives the sweep."""
    sweep = submitted(engine, *(spec(seed=seed) for seed in range(6)), max_attempts=2)
    worker = registered(engine, "fake")
    done(engine, worker, job_id=1)
    failed(engine, worker, job_id=2, code="crashed")
    failed(engine, worker, job_id=2, code="crashed")
    failed(engine, worker, job_id=3, code="unsupported")
    given_back = claimed(engine, worker, job_id=4)
    with write(engine) as session:
        release(session, given_back.token, reason="stopping")
    claimed(engine, worker, job_id=4, lease_seconds=-1)
    with write(engine) as session:
        reap(session)
    done(engine, worker, job_id=4)
    running = claimed(engine, worker, job_id=5)
    with write(engine) as session:
        cancel(session, sweep)
        settle_cancelled(session, running.token)
        retry(session, sweep, tries=1)
    done(engine, worker, job_id=5)
    return sweep


def test_nothing_is_wrong_with_what_a_farm_does(engine: Engine) -> None:
    sweep = history(engine)
    assert findings(engine) == []
    dispatched(engine)
    assert findings(engine) == []
    wrong = {finding.wrong for finding in findings(engine, ended=sweep)}
    assert wrong == {"open in a sweep that should have ended: the job is queued"}


def _second_result(connection: Connection) -> None:
    row = connection.execute(select(tables.Attempt.__table__).where(tables.Attempt.job_id == 1)).mappings().one()
    again = {**row, "id": 999, "public_id": "again", "token": "again", "number": 2}
    connection.execute(insert(tables.Attempt), again)
    connection.execute(update(tables.Job).where(tables.Job.id == 1).values(attempts=2))
    connection.execute(insert(tables.Evidence), {"attempt_id": 999, **_evidence()})


def _evidence() -> dict[str, object]:
    return {"layer": "identity", "outcome": "pass", "reason": "", "figures": {}}


def _lost_result(connection: Connection) -> None:
    connection.execute(update(tables.Attempt).where(tables.Attempt.job_id == 1).values(state=AttemptState.EXPIRED))


def _nobody_runs_it(connection: Connection) -> None:
    connection.execute(update(tables.Job).where(tables.Job.id == 6).values(state=JobState.RUNNING))


def _empty_result(connection: Connection) -> None:
    mine = select(tables.Attempt.id).where(tables.Attempt.job_id == 1)
    measured = select(tables.Measurement.id).where(tables.Measurement.attempt_id.in_(mine))
    connection.execute(delete(tables.Samples).where(tables.Samples.measurement_id.in_(measured)))
    for table in (tables.Measurement, tables.Evidence):
        connection.execute(delete(table).where(table.attempt_id.in_(mine)))


def _talked_up(connection: Connection) -> None:
    identity = (tables.Evidence.attempt_id == 1) & (tables.Evidence.layer == "identity")
    connection.execute(update(tables.Evidence).where(identity).values(outcome="fail"))


def _uncounted(connection: Connection) -> None:
    connection.execute(update(tables.Job).where(tables.Job.id == 1).values(attempts=5))


def _illegal_move(connection: Connection) -> None:
    ended = select(tables.Event.id).where(tables.Event.job_id == 1).order_by(tables.Event.id.desc()).limit(1)
    connection.execute(update(tables.Event).where(tables.Event.id == ended.scalar_subquery()).values(before="planned"))


def _missing_move(connection: Connection) -> None:
    connection.execute(delete(tables.Event).where(tables.Event.job_id == 1, tables.Event.after == "queued"))


def _unrecorded_move(connection: Connection) -> None:
    connection.execute(update(tables.Job).where(tables.Job.id == 2).values(state=JobState.CANCELLED))


def _cancelled_and_open(connection: Connection) -> None:
    connection.execute(update(tables.Job).where(tables.Job.id == 6).values(cancel_requested=True))


DAMAGE: dict[Callable[[Connection], None], tuple[int, set[str]]] = {
    _second_result: (
        1,
        {
            "not the one settled attempt of a done job, or one of a job that is not done: "
            "the job is done, done attempts: 2",
            "a verdict that the evidence does not earn: attempt 2 is called real, not suspect",
        },
    ),
    _lost_result: (
        1,
        {
            "not the one settled attempt of a done job, or one of a job that is not done: "
            "the job is done, done attempts: 0"
        },
    ),
    _nobody_runs_it: (
        6,
        {
            "not the one running attempt of a running job, or one of another job: "
            "the job is running, running attempts: 0",
            "the last move led to another state: the job is running, the last move led to planned",
        },
    ),
    _empty_result: (
        1,
        {
            "a done attempt that brought nothing: attempt 1",
            "a verdict that the evidence does not earn: attempt 1 is called real, not suspect",
        },
    ),
    _talked_up: (1, {"a verdict that the evidence does not earn: attempt 1 is called real, not mock"}),
    _uncounted: (1, {"not as many attempts as were counted: counted 5, there are 1"}),
    _illegal_move: (
        1,
        {"a move that is not legal, or not from where the last one led: from planned to done, after running"},
    ),
    _missing_move: (
        1,
        {"a move that is not legal, or not from where the last one led: from queued to running, after planned"},
    ),
    _unrecorded_move: (
        2,
        {"the last move led to another state: the job is cancelled, the last move led to queued"},
    ),
    _cancelled_and_open: (6, {"cancelled, but open: the job is planned"}),
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_each_kind_of_damage_is_found_at_its_job(engine: Engine, damage: Callable[[Connection], None]) -> None:
    history(engine)
    with engine.begin() as connection:
        damage(connection)
    job, wrong = DAMAGE[damage]
    found = findings(engine)
    with read(engine) as session:
        public_id = session.execute(select(tables.Job.public_id).where(tables.Job.id == job)).scalar_one()
    assert {finding.wrong for finding in found} == wrong
    assert {finding.job for finding in found} == {public_id}
    assert all(finding.mend for finding in found)


def test_an_attempt_without_a_job_is_found(engine: Engine) -> None:
    history(engine)
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL holds its foreign keys against everybody
    connection = engine.raw_connection()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM event WHERE job_id = 1")
    connection.execute("DELETE FROM job WHERE id = 1")
    connection.commit()
    connection.close()
    assert [finding.wrong.partition(":")[0] for finding in findings(engine)] == ["an attempt without a job"]


def test_a_lease_that_nobody_takes_back_is_found_and_a_young_one_is_not(engine: Engine) -> None:
    submitted(engine, spec())
    claimed(engine, registered(engine, "fake"), lease_seconds=-1)
    assert findings(engine) == []
    with write(engine) as session:
        session.execute(update(tables.Attempt).values(lease_until=now(session) - timedelta(minutes=5)))
    (found,) = findings(engine)
    assert found.wrong == "a lease is over and nobody takes the job back: attempt 1"
    assert "farm scheduler" in found.mend


def test_attempts_are_known_by_their_tokens(engine: Engine) -> None:
    submitted(engine, spec())
    held = claimed(engine, registered(engine, "fake"))
    with read(engine) as session:
        assert attempt_states(session, [held.token, "strange"]) == {held.token: (held.public_id, AttemptState.RUNNING)}
