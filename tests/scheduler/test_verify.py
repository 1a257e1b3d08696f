"""Old evidence is gathered again by a job of its own, on SQLite and on PostgreSQL; what it finds is no result."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, select, update

from farm.contract.errors import UnknownName
from farm.contract.evidence import Verdict
from farm.contract.result import Result
from farm.contract.states import AttemptState
from farm.database import migrate, tables
from farm.database.engine import read, write
from farm.queries.jobs import list_jobs
from farm.queries.results import find_result, find_results
from farm.queries.sweeps import get_sweep, list_sweeps
from farm.queries.verifications import VerificationRow, of_result, of_sweep
from farm.scheduler.cancel import retry
from farm.scheduler.register import Registration
from farm.scheduler.settle import settle_failure, settle_result
from farm.scheduler.verify import Wish, ask, give_up
from tests import builders

CPU = builders.spec(platform="cpu")


@pytest.fixture
def worker(engine: Engine) -> Registration:
    """Give a live worker, with one result of its own of 0.5 s."""
    builders.submitted(engine, CPU, name="nightly")
    found = builders.registered(engine, "cpu")
    builders.done(engine, found, job_id=1, facts={"model_key": "k1", "parameters": 1000})
    return found


def result_id(engine: Engine) -> str:
    with read(engine) as session:
        (row,) = find_results(session, {})
    return row.attempt


def asked(engine: Engine, attempts: Sequence[str] = (), *, anywhere: bool = False) -> str:
    """Ask for the evidence of these results again, or of the only one; gives the sweep."""
    with write(engine) as session:
        return ask(session, Wish(attempts or [result_id(engine)], 5, 2, anywhere=anywhere))


def found_again(engine: Engine, worker: Registration, result: Result, *, job_id: int = 2) -> VerificationRow:
    """Let a worker run a verification to this result; gives how it ended."""
    held = builders.claimed(engine, worker, job_id=job_id)
    with write(engine) as session:
        assert settle_result(session, held.token, result)
    with read(engine) as session:
        return of_result(session, result_id(engine))[0]


def same(**changes: object) -> Result:
    return builders.result(**({"facts": {"model_key": "k1", "parameters": 1000}} | changes))


def test_evidence_that_comes_out_as_before_holds(engine: Engine, worker: Registration) -> None:
    sweep = asked(engine)
    slower = (builders.measured("latency", 1.0),)
    row = found_again(engine, worker, same(measurements=slower))
    assert (row.outcome, row.reason, row.sweep) == ("holds", "", sweep)
    assert row.latency_ratio() == 2.0  # told, and no part of it
    assert row.after is not None
    assert (row.before.verdict, row.after.verdict, row.elsewhere(), row.changes()) == ("real", "real", "", ())
    assert builders.states(engine) == ["done", "done"]


def test_what_a_verification_finds_is_no_result(engine: Engine, worker: Registration) -> None:
    before = result_id(engine)
    sweep = asked(engine)
    row = found_again(engine, worker, same(verdict=Verdict.MOCK))
    assert row.after is not None
    with read(engine) as session:
        assert [each.attempt for each in find_results(session, {})] == [before]
        assert find_result(session, before).row.verdict == "real"
        with pytest.raises(UnknownName):
            find_result(session, row.after.attempt)
        assert get_sweep(session, "last").name == "nightly"
        assert [each.name for each in list_sweeps(session, limit=9)] == ["nightly"]
        assert get_sweep(session, sweep).states == {"done": 1}
        assert [job.cell.startswith("verify ") for job in list_jobs(session)] == [True, False]
        states = session.execute(select(tables.Attempt.state).order_by(tables.Attempt.id)).scalars().all()
    assert states == [AttemptState.DONE, AttemptState.VERIFIED]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": Verdict.MOCK}, "identity: pass before, fail now: identity is not as it should be"),
        ({"facts": {"model_key": "k2", "parameters": 1000}}, "another model: model_key was k1, is k2"),
    ],
)
def test_what_differs_is_named(engine: Engine, worker: Registration, changes: dict[str, object], words: str) -> None:
    asked(engine)
    row = found_again(engine, worker, same(**changes))
    assert row.outcome == "differs"
    assert words in row.reason


def test_a_machine_of_the_same_class_takes_it_and_no_other(engine: Engine, worker: Registration) -> None:
    asked(engine)
    with write(engine) as session:  # another kind of processor now has that name
        session.execute(update(tables.Worker).values(offer={"tags": ["cpu", "class:other"], "facts": {}}))
    assert builders.dispatched(engine) == []
    assert builders.states(engine) == ["done", "waiting"]
    twin = builders.registered(engine, "cpu", name="twin", host="twin")
    row = found_again(engine, twin, same())
    assert (row.outcome, row.elsewhere()) == ("holds", "another machine of the same class")


def test_any_machine_that_meets_the_jobs_needs_takes_it_when_asked(engine: Engine, worker: Registration) -> None:
    asked(engine, anywhere=True)
    with write(engine) as session:
        session.execute(update(tables.Worker).values(offer={"tags": ["cpu", "class:other"], "facts": {}}))
    assert found_again(engine, worker, same()).outcome == "holds"


def test_what_cannot_be_run_says_why_and_can_be_tried_again(engine: Engine, worker: Registration) -> None:
    sweep = asked(engine)
    held = builders.claimed(engine, worker, job_id=2)
    with write(engine) as session:
        assert settle_failure(session, held.token, builders.failure("model_not_found", message="the folder is gone"))
    with read(engine) as session:
        (row,) = of_sweep(session, sweep)
    assert (row.outcome, row.after) == ("not run", None)
    assert "the folder is gone" in row.reason
    with write(engine) as session:
        assert retry(session, sweep, tries=1) == 1
    assert found_again(engine, worker, same()).outcome == "holds"


def test_what_nobody_waits_for_any_more_is_given_up_with_its_reason(engine: Engine, worker: Registration) -> None:
    sweep = asked(engine)
    with write(engine) as session:
        session.execute(update(tables.Worker).values(stopped_at=tables.Worker.last_seen_at))
    builders.dispatched(engine)
    with write(engine) as session:
        give_up(session, sweep)
    assert builders.states(engine) == ["done", "cancelled"]
    with read(engine) as session:
        (row,) = of_sweep(session, sweep)
    assert (row.told(), row.reason.endswith("no worker is live")) == ("not run", True)


def test_a_verification_is_never_measured_again_for_its_doubts(engine: Engine) -> None:
    builders.submitted(engine, CPU, plan={"rerun_doubtful": True})
    worker = builders.registered(engine, "cpu")
    builders.done(engine, worker, job_id=1)
    asked(engine)
    assert found_again(engine, worker, builders.result(doubts=(builders.NOISE,))).outcome == "holds"


def test_many_results_are_verified_in_their_order_and_each_once(engine: Engine) -> None:
    builders.submitted(engine, CPU, builders.spec(platform="cpu", batch_size=2))
    worker = builders.registered(engine, "cpu")
    for job_id in (1, 2):
        builders.done(engine, worker, job_id=job_id)
    with read(engine) as session:
        ids = [row.attempt for row in find_results(session, {})]
    sweep = asked(engine, [*ids, ids[0]])
    with read(engine) as session:
        assert [row.before.attempt for row in of_sweep(session, sweep)] == ids
        assert [row.told() for row in of_sweep(session, sweep)] == ["planned", "planned"]


def test_what_is_no_result_cannot_be_verified(engine: Engine) -> None:
    builders.submitted(engine, CPU)
    builders.claimed(engine, builders.registered(engine, "cpu"))
    with read(engine) as session:
        running = session.execute(select(tables.Attempt.public_id)).scalar_one()
    with pytest.raises(UnknownName, match=f"no result {running}"):
        asked(engine, [running])


def test_the_migration_goes_down_and_up_with_a_verification_in_place(engine: Engine, worker: Registration) -> None:
    asked(engine)
    migrate.downgrade(engine, "0001")
    migrate.upgrade(engine)
    with read(engine) as session:
        assert of_result(session, result_id(engine)) == []
    assert builders.states(engine) == ["done", "planned"]
