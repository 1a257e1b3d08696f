"""The duty cycle from rows whose times are known."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from farm.contract.result import Measurement
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.engine import read, write
from farm.queries.duty import duty_of
from farm.scheduler.settle import settle_failure, settle_result
from tests import builders

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def times(metric: str, *seconds: float) -> Measurement:
    """A metric with these samples."""
    mean = sum(seconds) / len(seconds)
    statistics = Statistics(n=len(seconds), mean=mean, median=mean, minimum=min(seconds), maximum=max(seconds))
    return Measurement(metric=metric, statistics=statistics, samples=(seconds,))


def lasted(engine: Engine, number: int, start: float, end: float) -> None:
    """Set when an attempt began and ended, in seconds after noon."""
    with write(engine) as session:
        session.execute(
            update(tables.Attempt)
            .where(tables.Attempt.id == number)
            .values(started_at=NOON + timedelta(seconds=start), finished_at=NOON + timedelta(seconds=end))
        )


def test_the_duty_cycle_is_the_timed_calls_over_the_wall_time(engine: Engine) -> None:
    sweep = builders.submitted(engine, builders.spec(), builders.spec(batch_size=2), builders.spec(batch_size=4))
    worker = builders.registered(engine, "fake")
    for job, seconds in ((1, (0.5, 1.5)), (2, (1.0,))):
        claim = builders.claimed(engine, worker, job_id=job)
        measured = (times("latency", *seconds), times("load_time", 0.25))
        with write(engine) as session:
            facts = {"stages": {"prove": 0.5}} if job == 1 else {}  # the other one is older than that fact
            assert settle_result(session, claim.token, builders.result(measurements=measured, facts=facts))
    claim = builders.claimed(engine, worker, job_id=3)
    with write(engine) as session:
        assert settle_failure(session, claim.token, builders.failure("timed_out"))
    for number, (start, end) in enumerate([(0, 4), (5, 7), (7, 12)], start=1):
        lasted(engine, number, start, end)
    with read(engine) as session:
        duty = duty_of(session, sweep)
    assert duty.wall == 12  # the failed attempt's time was spent, too
    assert duty.measured() == pytest.approx(3)
    assert duty.share() == pytest.approx(3 / 12)
    assert [each.share() for each in duty.attempts] == pytest.approx([2 / 4, 1 / 2])
    assert duty.proving_share() == pytest.approx(0.5 / 4)
    assert duty.words() == (
        "Duty cycle 25 %: of 12.0 s from the first start to the last finish, 3.0 s were timed calls. "
        "Evidence took 12 % of the time of the jobs."
    )
    assert [each.beyond() for each in duty.attempts] == pytest.approx([4 - 2 - 0.25, 2 - 1 - 0.25])


def test_where_a_loop_waits_or_searches_its_own_time_counts(engine: Engine) -> None:
    sweep = builders.submitted(engine, builders.spec(), builders.spec(batch_size=2))
    worker = builders.registered(engine, "fake")
    server = (times("server_latency", 0.1, 0.2), times("service_time", 0.05, 0.05), times("loop_time", 3.0))
    throughput = (times("latency", 0.1, 0.2), times("loop_time", 1.0))
    for job, measured in ((1, server), (2, throughput)):
        claim = builders.claimed(engine, worker, job_id=job)
        with write(engine) as session:
            assert settle_result(session, claim.token, builders.result(measurements=measured))
    lasted(engine, 1, 0, 4)
    lasted(engine, 2, 4, 6)
    with read(engine) as session:
        duty = duty_of(session, sweep)
    assert [each.measured for each in duty.attempts] == [3.0, 1.0]


def test_a_sweep_that_nobody_began_has_no_duty_cycle(engine: Engine) -> None:
    sweep = builders.submitted(engine, builders.spec())
    with read(engine) as session:
        duty = duty_of(session, sweep)
    assert (duty.share(), duty.proving_share(), duty.words()) == (None, None, "")
