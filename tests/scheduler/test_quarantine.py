"""A machine is quarantined for what other machines can do and it cannot, and for nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from farm.database import tables
from farm.database.engine import now, read, write
from farm.scheduler.quarantine import quarantined
from farm.scheduler.register import Registration
from tests.builders import done, failed, registered, spec, submitted


def reason(engine: Engine, worker: Registration) -> str | None:
    with read(engine) as session:
        return quarantined(session, worker.machine_id)


def two_boxes(engine: Engine) -> tuple[Registration, Registration]:
    """Give a broken box and a sound one, and twenty jobs for them."""
    submitted(engine, *(spec(seed=seed) for seed in range(20)), max_attempts=1)
    return registered(engine, "fake", host="broken", name="b"), registered(engine, "fake", host="sound", name="s")


def test_a_machine_that_fails_what_others_do_is_quarantined_and_says_why(engine: Engine) -> None:
    broken, sound = two_boxes(engine)
    done(engine, sound, job_id=1)
    for job_id in range(2, 6):
        failed(engine, broken, job_id=job_id, code="crashed")
    assert reason(engine, broken) is None
    failed(engine, broken, job_id=6, code="killed")
    found = reason(engine, broken)
    assert found is not None
    assert found.startswith("quarantined until ")
    assert "the last 5 jobs of this machine failed (crashed, killed)" in found
    assert reason(engine, sound) is None


def test_one_success_ends_the_streak(engine: Engine) -> None:
    broken, sound = two_boxes(engine)
    done(engine, sound, job_id=1)
    for job_id in range(2, 6):
        failed(engine, broken, job_id=job_id, code="crashed")
    done(engine, broken, job_id=6)
    failed(engine, broken, job_id=7, code="crashed")
    assert reason(engine, broken) is None


def test_nothing_is_held_against_a_machine_without_others_to_compare_with(engine: Engine) -> None:
    broken, _ = two_boxes(engine)
    for job_id in range(1, 8):
        failed(engine, broken, job_id=job_id, code="crashed")
    assert reason(engine, broken) is None


def test_a_model_that_fails_everywhere_is_no_machine_s_fault(engine: Engine) -> None:
    broken, sound = two_boxes(engine)
    done(engine, sound, job_id=1)
    for job_id in range(2, 8):
        failed(engine, broken, job_id=job_id, code="crashed")
    with write(engine) as session:
        session.execute(update(tables.Job).where(tables.Job.id == 7).values(model="a model that nobody can run"))
    assert reason(engine, broken) is None


def test_one_job_that_fails_at_every_try_says_nothing_of_the_machine(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(2)), max_attempts=20)
    broken = registered(engine, "fake", host="broken")
    done(engine, registered(engine, "fake", host="sound"), job_id=2)
    for _ in range(6):
        failed(engine, broken, job_id=1, code="crashed")
    assert reason(engine, broken) is None


@pytest.mark.parametrize(("minutes", "over"), [(29, False), (31, True)])
def test_a_quarantine_ends_by_itself(engine: Engine, minutes: int, over: bool) -> None:
    broken, sound = two_boxes(engine)
    done(engine, sound, job_id=1)
    for job_id in range(2, 7):
        failed(engine, broken, job_id=job_id, code="crashed")
    with write(engine) as session:
        session.execute(update(tables.Attempt).values(finished_at=now(session) - timedelta(minutes=minutes)))
    assert (reason(engine, broken) is None) is over
