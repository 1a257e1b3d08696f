"""The moves of a job, on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import Engine, func, select, update

from farm.contract.job import ModelReference
from farm.contract.requirement import Requirement
from farm.contract.states import LEGAL_MOVES, JobState
from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.audit import audit
from farm.queries.results import find_result
from farm.scheduler.cancel import cancel, retry
from farm.scheduler.claim import Standing, claim, renew
from farm.scheduler.moves import move
from farm.scheduler.reap import reap
from farm.scheduler.settle import release, settle_cancelled, settle_failure, settle_result
from tests.builders import (
    RULES,
    claimed,
    dispatched,
    failure,
    registered,
    result,
    spec,
    states,
    submitted,
)


def test_a_job_without_a_worker_waits_and_says_for_what(engine: Engine) -> None:
    submitted(engine, spec())
    assert dispatched(engine) == []
    assert states(engine) == ["waiting"]
    with read(engine) as session:
        assert session.execute(select(tables.Job.reason)).scalar_one() == "needs fake; no worker is live"


def test_a_waiting_job_starts_when_a_fitting_worker_joins(engine: Engine) -> None:
    submitted(engine, spec(requirement=Requirement(tags=("fake", "fast"))))
    registered(engine, "fake", name="slow")
    assert dispatched(engine) == []
    registered(engine, "fake", "fast", name="quick")
    assert [message.job_id for message in dispatched(engine)] == [1]
    assert states(engine) == ["queued"]


def test_only_a_window_is_published_ahead(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(5)))
    registered(engine, "fake")
    assert len(dispatched(engine)) == RULES.window
    assert dispatched(engine) == []
    assert states(engine) == ["queued", "queued", "planned", "planned", "planned"]


def test_a_more_urgent_sweep_goes_first(engine: Engine) -> None:
    submitted(engine, spec(seed=1), spec(seed=2), priority=1)
    submitted(engine, spec(seed=3), spec(seed=4), priority=9)
    registered(engine, "fake")
    assert [message.job_id for message in dispatched(engine)] == [3, 4]


def test_a_message_that_was_lost_is_published_again_when_a_worker_is_idle(engine: Engine) -> None:
    submitted(engine, spec())
    registered(engine, "fake")
    dispatched(engine)
    assert dispatched(engine) == []
    with write(engine) as session:
        session.execute(update(tables.Job).values(published_at=now(session) - timedelta(seconds=31)))
    assert [message.job_id for message in dispatched(engine)] == [1]


def test_between_two_jobs_a_worker_is_not_idle(engine: Engine) -> None:
    submitted(engine, spec(seed=1), spec(seed=2))
    worker = registered(engine, "fake")
    first = claimed(engine, worker)
    with write(engine) as session:
        session.execute(update(tables.Job).values(published_at=now(session) - timedelta(minutes=5)))
        settle_result(session, first.token, result())
    assert dispatched(engine) == []
    with write(engine) as session:
        session.execute(update(tables.Attempt).values(finished_at=now(session) - timedelta(minutes=1)))
    assert [message.job_id for message in dispatched(engine)] == [2]


def test_what_no_worker_had_time_for_is_published_again_when_it_is_very_old(engine: Engine) -> None:
    submitted(engine, spec(seed=1), spec(seed=2))
    claimed(engine, registered(engine, "fake"))
    for seconds, expected in ((31, []), (31 * 30, [2])):
        with write(engine) as session:
            session.execute(update(tables.Job).values(published_at=now(session) - timedelta(seconds=seconds)))
        assert [message.job_id for message in dispatched(engine)] == expected


def test_of_many_racing_workers_one_gets_the_job(engine: Engine) -> None:
    submitted(engine, spec())
    workers = [registered(engine, "fake", name=f"w{i}") for i in range(4)]
    dispatched(engine)
    got = []

    def race(i: int) -> None:
        with write(engine) as session:
            if claim(session, 1, worker=workers[i], lease_seconds=60):
                got.append(i)

    threads = [threading.Thread(target=race, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert states(engine) == ["running"]


def test_a_worker_that_a_job_does_not_fit_gives_it_back_at_once(engine: Engine) -> None:
    submitted(engine, spec(requirement=Requirement(tags=("fake", "fast"))))
    slow, quick = registered(engine, "fake", name="slow"), registered(engine, "fake", "fast", name="quick")
    dispatched(engine)
    with write(engine) as session:
        assert claim(session, 1, worker=slow, lease_seconds=60) is None
    assert states(engine) == ["planned"]
    held = claimed(engine, quick)
    assert held.number == 1
    with read(engine) as session:
        assert audit(session, ended=None) == []


def test_a_result_is_kept_whole_and_settles_once(engine: Engine) -> None:
    submitted(engine, spec())
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        assert settle_result(session, held.token, result())
    with write(engine) as session:
        assert not settle_result(session, held.token, result())
    with read(engine) as session:
        found = find_result(session, held.public_id)
        assert session.execute(select(func.count()).select_from(tables.Measurement)).scalar_one() == 1
    assert found.samples["latency"] == ((0.25, 0.5, 0.75),)
    assert found.row.metrics["latency"].median == 0.5
    assert found.row.evidence == result().evidence
    assert states(engine) == ["done"]


def test_a_crash_is_tried_again_until_the_tries_are_used_up(engine: Engine) -> None:
    submitted(engine, spec(), max_attempts=2)
    worker = registered(engine, "fake")
    for expected in ("planned", "failed"):
        held = claimed(engine, worker)
        with write(engine) as session:
            settle_failure(session, held.token, failure("crashed"))
        assert states(engine) == [expected]


@pytest.mark.parametrize(("code", "expected"), [("python_error", "failed"), ("unsupported", "unsupported")])
def test_what_cannot_be_helped_is_not_tried_again(engine: Engine, code: str, expected: str) -> None:
    submitted(engine, spec(), max_attempts=5)
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        settle_failure(session, held.token, failure(code))
    assert states(engine) == [expected]


def test_a_released_job_does_not_use_up_a_try(engine: Engine) -> None:
    submitted(engine, spec(), max_attempts=1)
    worker = registered(engine, "fake")
    for _ in range(3):
        held = claimed(engine, worker)
        with write(engine) as session:
            assert release(session, held.token, reason="stopping")
    assert states(engine) == ["planned"]


def test_a_worker_that_lost_its_lease_cannot_settle_over_the_next_attempt(engine: Engine) -> None:
    submitted(engine, spec(), max_attempts=3)
    worker = registered(engine, "fake")
    late = claimed(engine, worker, lease_seconds=-1)
    with write(engine) as session:
        assert reap(session) == [1]
    assert states(engine) == ["planned"]
    again = claimed(engine, worker)
    with write(engine) as session:
        assert not settle_result(session, late.token, result())
        assert renew(session, late.token, lease_seconds=60) is Standing.LOST
        assert settle_result(session, again.token, result())
    assert states(engine) == ["done"]


def test_a_renewed_lease_is_not_reaped(engine: Engine) -> None:
    submitted(engine, spec())
    held = claimed(engine, registered(engine, "fake"), lease_seconds=-1)
    with write(engine) as session:
        assert renew(session, held.token, lease_seconds=60) is Standing.OURS
        assert reap(session) == []
    assert states(engine) == ["running"]


def test_a_job_whose_worker_dies_every_time_fails_with_that_reason(engine: Engine) -> None:
    submitted(engine, spec(), max_attempts=1)
    claimed(engine, registered(engine, "fake"), lease_seconds=-1)
    with write(engine) as session:
        reap(session)
        assert session.execute(select(tables.Job.reason)).scalar_one().startswith("lease_expired")
    assert states(engine) == ["failed"]


def test_cancelling_a_sweep_stops_what_runs_and_what_waits(engine: Engine) -> None:
    sweep = submitted(engine, spec(seed=1), spec(seed=2), spec(seed=3))
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        assert cancel(session, sweep) == (2, 1)
    with write(engine) as session:
        assert renew(session, held.token, lease_seconds=60) is Standing.CANCELLED
        assert settle_cancelled(session, held.token)
    assert states(engine) == ["cancelled"] * 3


def test_cancelled_jobs_can_be_tried_again(engine: Engine) -> None:
    sweep = submitted(engine, spec(seed=1), spec(seed=2))
    with write(engine) as session:
        cancel(session, sweep)
        assert retry(session, sweep, tries=3) == 2
    assert states(engine) == ["planned", "planned"]


def test_an_illegal_move_is_refused(engine: Engine) -> None:
    with write(engine) as session, pytest.raises(ValueError, match="cannot move from done to running"):
        move(session, tables.Job.id == 1, before=JobState.DONE, after=JobState.RUNNING, at=now(session), actor="x")


def test_every_move_leaves_a_legal_event(engine: Engine) -> None:
    submitted(engine, spec())
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        settle_result(session, held.token, result())
    with read(engine) as session:
        moves = session.execute(select(tables.Event.before, tables.Event.after).order_by(tables.Event.id)).all()
    assert moves[0] == (None, "planned")
    assert moves[-1] == ("running", "done")
    assert all(before and after in LEGAL_MOVES[JobState(before)] for before, after in moves[1:])


def test_every_move_is_one_line_of_the_log_once_it_is_committed(engine: Engine) -> None:
    with structlog.testing.capture_logs() as lines:
        submitted(engine, spec())
        held = claimed(engine, registered(engine, "fake"))
        with pytest.raises(ZeroDivisionError), write(engine) as session:
            release(session, held.token, reason="never committed")
            raise ZeroDivisionError
        with write(engine) as session:
            settle_result(session, held.token, result())
    told = [(line.get("before"), line["after"]) for line in lines if line["event"] == "moved"]
    assert told == [("planned", "queued"), ("queued", "running"), ("running", "done")]
    assert {line["job"] for line in lines} == {1}


def test_the_same_key_submits_once(engine: Engine) -> None:
    first = submitted(engine, spec(), once_key="nightly")
    assert submitted(engine, spec(), once_key="nightly") == first
    assert states(engine) == ["planned"]


def test_a_cell_of_another_pool_is_left_alone(engine: Engine) -> None:
    submitted(engine, spec())
    registered(engine, "fake")
    assert dispatched(engine, RULES._replace(pool="run-other")) == []
    assert states(engine) == ["planned"]


def test_the_fingerprint_is_of_what_is_measured_and_not_of_how_long() -> None:
    model = ModelReference(name="m", source="zoo", location="m", family="fake")
    assert spec(timeout=1.0).fingerprint() == spec(timeout=2.0).fingerprint()
    assert spec(batch_size=2).fingerprint() != spec().fingerprint()
    assert spec(model=model).fingerprint() != spec().fingerprint()
