"""Canaries are enlisted when they are due, judged when they settle, and keep a machine that drifts from jobs."""

from datetime import timedelta

from sqlalchemy import Engine, func, select

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.requirement import Offer
from farm.contract.states import AttemptState
from farm.database import tables
from farm.database.engine import read, write
from farm.queries.audit import audit
from farm.queries.filters import Filters
from farm.queries.results import count_results
from farm.queries.sweeps import list_sweeps
from farm.scheduler.annotate import acknowledge
from farm.scheduler.canary import drifting, enlist_due
from farm.scheduler.register import Registration
from tests.builders import claimed, done, failed, measured, registered, spec, submitted

DAY = timedelta(days=1)
TAG = "canary:fake:box"
OFFER = Offer(tags=frozenset({"fake", TAG}), facts={})
USUAL = 0.010  # seconds
BUSY = (Doubt(kind=DoubtKind.NOISY_HOST, figure=1.2, detail="other processes used 1.20 cores"),)


def due(engine: Engine) -> bool:
    """Look once for canaries that are due; they are enlisted."""
    with write(engine) as session:
        return enlist_due(session, every=DAY, silence=timedelta(seconds=30)) is not None


def later(engine: Engine, by: timedelta) -> None:
    """Let everything lie further back."""
    with write(engine) as session:
        for made in (*session.execute(select(tables.Job)).scalars(), *session.execute(select(tables.Sweep)).scalars()):
            made.created_at -= by
        for worker in session.execute(select(tables.Worker)).scalars():
            worker.started_at -= by


def newest(engine: Engine) -> int:
    with read(engine) as session:
        return session.execute(select(func.max(tables.Job.id))).scalar_one()


def canary(engine: Engine, worker: Registration, seconds: float, *, doubts: tuple[Doubt, ...] = ()) -> None:
    """Run the canary that is due; if none is, let the day pass until one is."""
    if not due(engine) and newest_is_settled(engine):
        later(engine, DAY)
        assert due(engine)
    done(engine, worker, job_id=newest(engine), measurements=(measured("latency", seconds),), doubts=doubts)


def newest_is_settled(engine: Engine) -> bool:
    with read(engine) as session:
        return session.execute(select(tables.Job.state).order_by(tables.Job.id.desc()).limit(1)).scalar_one() == "done"


def reason(engine: Engine) -> str | None:
    with read(engine) as session:
        return drifting(session, OFFER)


def standings(engine: Engine) -> list[str]:
    with read(engine) as session:
        facts = session.execute(select(tables.Attempt.facts).order_by(tables.Attempt.id)).scalars()
        return [each["canary"]["standing"] for each in facts if each]


def trained(engine: Engine) -> Registration:
    """Give a worker whose machine has had five canaries."""
    worker = registered(engine, "fake", TAG)
    for extra in range(5):
        canary(engine, worker, USUAL + extra * 1e-5)
    return worker


def test_a_canary_is_due_at_the_start_of_a_worker_and_every_so_often(engine: Engine) -> None:
    assert not due(engine)  # nobody could run it
    worker = registered(engine, "fake", TAG)
    assert due(engine)
    assert not due(engine)  # it is on its way
    claimed(engine, worker)
    assert not due(engine)
    with read(engine) as session:
        assert list_sweeps(session, limit=9) == []  # people see their own sweeps


def test_a_canary_that_has_run_is_due_again_after_its_time_or_a_new_start(engine: Engine) -> None:
    worker = registered(engine, "fake", TAG)
    assert due(engine)
    failed(engine, worker, job_id=1, code="crashed")
    failed(engine, worker, job_id=1, code="crashed")
    assert not due(engine)  # it failed, which is an answer too
    registered(engine, "fake", TAG, name="again")
    assert due(engine)
    done(engine, worker, job_id=2)
    assert not due(engine)
    later(engine, DAY)
    assert due(engine)


def test_a_canary_is_no_result(engine: Engine) -> None:
    trained(engine)
    with read(engine) as session:
        assert count_results(session, Filters()) == 0
        states = session.execute(select(tables.Attempt.state).distinct()).scalars().all()
        assert audit(session) == []
    assert states == [AttemptState.CANARY]
    assert standings(engine) == ["learning"] * 5


def test_one_canary_that_is_off_is_run_again_and_says_nothing_yet(engine: Engine) -> None:
    worker = trained(engine)
    canary(engine, worker, 1.5 * USUAL)
    assert standings(engine)[-1] == "off"
    assert reason(engine) is None
    assert not newest_is_settled(engine)  # the second one waits already
    canary(engine, worker, USUAL)
    assert standings(engine)[-1] == "well"
    assert newest_is_settled(engine)
    assert reason(engine) is None


def test_a_machine_that_drifts_takes_no_jobs_until_its_canary_is_well(engine: Engine) -> None:
    worker = trained(engine)
    canary(engine, worker, 1.5 * USUAL)
    canary(engine, worker, 1.5 * USUAL)
    told = reason(engine)
    assert told is not None
    assert (
        "fake-model x fake fp32 batch 1 takes 15 ms, 50% more than the 10 ms of 5 earlier ones, twice in a row" in told
    )
    assert not due(engine)
    later(engine, timedelta(minutes=31))
    assert due(engine)  # sooner than every day
    canary(engine, worker, 1.5 * USUAL)
    assert (reason(engine) or "").partition(";")[0] == told.partition(";")[0]
    canary(engine, worker, USUAL)
    assert standings(engine)[5:] == ["off", "drifts", "drifts", "well"]
    assert reason(engine) is None


def test_a_canary_on_a_busy_box_says_nothing_and_is_repeated_soon(engine: Engine) -> None:
    worker = trained(engine)
    for _ in range(3):
        canary(engine, worker, 1.5 * USUAL, doubts=BUSY)
        assert newest_is_settled(engine)
        assert not due(engine)
        later(engine, timedelta(minutes=31))
    assert standings(engine)[5:] == ["disturbed"] * 3
    assert reason(engine) is None


def test_a_busy_box_neither_ends_a_drift_nor_hides_one(engine: Engine) -> None:
    worker = trained(engine)
    canary(engine, worker, 1.5 * USUAL)
    canary(engine, worker, 1.5 * USUAL, doubts=BUSY)
    canary(engine, worker, 1.5 * USUAL)
    told = reason(engine)
    assert told is not None
    canary(engine, worker, 1.5 * USUAL, doubts=BUSY)
    assert standings(engine)[5:] == ["off", "disturbed", "drifts", "disturbed"]
    assert reason(engine) == told


def test_a_machine_is_learnt_in_hours_and_from_quiet_canaries_alone(engine: Engine) -> None:
    worker = registered(engine, "fake", TAG)
    for doubts in (BUSY, (), (), (), (), ()):
        canary(engine, worker, 5 * USUAL if doubts else USUAL, doubts=doubts)
        later(engine, timedelta(minutes=31))
        assert due(engine)
    canary(engine, worker, USUAL)
    later(engine, timedelta(minutes=31))
    assert standings(engine) == ["disturbed", *["learning"] * 5, "well"]
    assert not due(engine)  # from now on every day


def test_what_a_person_knows_ends_a_drift_and_begins_a_new_row(engine: Engine) -> None:
    worker = trained(engine)
    canary(engine, worker, 1.5 * USUAL)
    canary(engine, worker, 1.5 * USUAL)
    told = reason(engine)
    assert told is not None
    named = told.partition("farm trend ack ")[2].split()[0]
    with write(engine) as session:
        acknowledge(session, named, note="a new power cap", author="me")
    assert reason(engine) is None
    for _ in range(5):
        canary(engine, worker, 1.5 * USUAL)
    assert standings(engine)[7:] == ["learning"] * 4 + ["well"]


def test_other_software_is_another_row(engine: Engine) -> None:
    trained(engine)
    upgraded = registered(engine, "fake", TAG, name="new", packages={"torch": "3"})
    canary(engine, upgraded, 1.5 * USUAL)
    assert standings(engine)[-1] == "learning"


def test_a_sweep_that_only_calls_itself_canary_is_a_sweep(engine: Engine) -> None:
    worker = registered(engine, "fake")
    submitted(engine, spec(), name="canary")
    done(engine, worker, job_id=1)
    with read(engine) as session:
        assert count_results(session, Filters()) == 1
        assert len(list_sweeps(session, limit=9)) == 1
