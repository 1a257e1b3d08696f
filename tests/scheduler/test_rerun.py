"""A doubtful result is measured once more where the sweep asks for it, and the outcome is kept."""

from typing import Any

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, select, update

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.result import Measurement, Result
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.filters import Filters
from farm.queries.results import find_results
from farm.scheduler.claim import claim
from farm.scheduler.elsewhere import PATIENCE
from farm.scheduler.reap import reap
from farm.scheduler.register import Registration, farewell
from farm.scheduler.settle import settle_failure, settle_result
from tests import builders

NOISY = Doubt(kind=DoubtKind.NOISY_HOST, figure=1.0, detail="a hog")
SHARED = Doubt(kind=DoubtKind.SHARED_HOST, figure=1.0, detail="as the operator wants")
OVERLOADED = Doubt(kind=DoubtKind.OVERLOADED, figure=2.0, detail="more than can be served")


@pytest.fixture
def worker(engine: Engine) -> Registration:
    builders.submitted(engine, builders.spec(), plan={"rerun_doubtful": True})
    return builders.registered(engine, "fake")


def took(median: float, *doubts: Doubt) -> Result:
    """A result of this median latency, known to 1 %."""
    statistics = Statistics(
        n=9,
        mean=median,
        median=median,
        minimum=median,
        maximum=median,
        stddev=0,
        ci_low=median * 0.99,
        ci_high=median * 1.01,
    )
    latency = Measurement(metric="latency", statistics=statistics, samples=((median,) * 9,))
    return builders.result(measurements=(latency,), doubts=doubts)


def settled(engine: Engine, worker: Registration, result: Result) -> str:
    """Settle the job's next attempt with this; gives the job's state."""
    claim = builders.claimed(engine, worker)
    with write(engine) as session:
        assert settle_result(session, claim.token, result)
    (state,) = builders.states(engine)
    return state


def attempts(engine: Engine) -> list[tuple[str, JsonValue]]:
    """The states of the attempts, each with what its re-run told."""
    with read(engine) as session:
        found = session.execute(select(tables.Attempt).order_by(tables.Attempt.number)).scalars()
        return [(each.state, told(each.facts)) for each in found]


def told(facts: dict[str, Any] | None) -> JsonValue:
    found: dict[str, JsonValue] = (facts or {}).get("rerun") or {}
    return found.get("outcome")


@pytest.mark.parametrize(
    ("median", "doubts", "outcome"),
    [
        (1.0, (), "machine"),  # clean and quite another number
        (2.02, (), "real"),
        (2.02, (NOISY,), "real"),
        (1.0, (NOISY,), "open"),
        (1.0, (SHARED,), "machine"),
    ],
)
def test_the_rerun_says_whose_fault_a_doubtful_result_was(
    engine: Engine, worker: Registration, median: float, doubts: tuple[Doubt, ...], outcome: str
) -> None:
    assert settled(engine, worker, took(2.0, NOISY)) == "planned"
    with read(engine) as session:
        assert find_results(session, Filters()) == []
    assert settled(engine, worker, took(median, *doubts)) == "done"  # once, however doubtful that is
    assert attempts(engine) == [("doubted", None), ("done", outcome)]
    with read(engine) as session:
        (row,) = find_results(session, Filters())
        assert row.median("latency") == median
        kept = session.execute(select(tables.Measurement.median).order_by(tables.Measurement.attempt_id)).scalars()
        assert list(kept) == [2.0, median]


@pytest.mark.parametrize("metric", ["highest_rate", "server_latency", "sustained_throughput"])
def test_a_server_and_a_throughput_are_compared_by_their_own_figures(
    engine: Engine, worker: Registration, metric: str
) -> None:
    own = builders.measured(metric, 10.0)
    first, second = (builders.measured("latency", seconds) for seconds in (2.0, 1.0))  # of another batch, say
    settled(engine, worker, builders.result(measurements=(own, first), doubts=(NOISY,)))
    assert settled(engine, worker, builders.result(measurements=(own, second))) == "done"
    assert attempts(engine) == [("doubted", None), ("done", "real")]


@pytest.mark.parametrize("doubt", [SHARED, OVERLOADED], ids=["shared", "overloaded"])
def test_nothing_is_measured_again_without_need(engine: Engine, worker: Registration, doubt: Doubt) -> None:
    assert settled(engine, worker, took(2.0, doubt)) == "done"


def test_nothing_is_measured_again_without_being_asked(engine: Engine) -> None:
    builders.submitted(engine, builders.spec())
    assert settled(engine, builders.registered(engine, "fake"), took(2.0, NOISY)) == "done"


def test_the_doubtful_result_stands_when_its_rerun_fails(engine: Engine, worker: Registration) -> None:
    settled(engine, worker, took(2.0, NOISY))
    claim = builders.claimed(engine, worker)
    with write(engine) as session:
        assert settle_failure(session, claim.token, builders.failure("timed_out"))
    assert builders.states(engine) == ["done"]
    assert [state for state, _ in attempts(engine)] == ["done", "failed"]


def test_the_doubtful_result_stands_when_the_reruns_workers_are_lost(engine: Engine, worker: Registration) -> None:
    settled(engine, worker, took(2.0, NOISY))
    for _ in range(2):  # as often as this sweep tries
        builders.claimed(engine, worker, lease_seconds=-1)
        with write(engine) as session:
            reap(session)
    assert builders.states(engine) == ["done"]
    assert [state for state, _ in attempts(engine)] == ["done", "expired", "expired"]


def test_a_twin_of_the_machine_takes_the_rerun_where_one_is_live(engine: Engine, worker: Registration) -> None:
    settled(engine, worker, took(2.0, NOISY))
    twin = builders.registered(engine, "fake", name="twin", host="twin")
    builders.dispatched(engine)
    with write(engine) as session:
        assert claim(session, 1, worker=worker, lease_seconds=60) is None
    assert builders.states(engine) == ["queued"]
    with write(engine) as session:
        assert claim(session, 1, worker=twin, lease_seconds=60) is not None


@pytest.mark.parametrize("reason", ["the twin lacks what the job needs", "the twin stopped", "it waited long enough"])
def test_the_first_machine_takes_the_rerun_when_no_twin_can(engine: Engine, worker: Registration, reason: str) -> None:
    settled(engine, worker, took(2.0, NOISY))
    twin = builders.registered(engine, "other" if "lacks" in reason else "fake", name="twin", host="twin")
    with write(engine) as session:
        if "stopped" in reason:
            farewell(session, twin.worker_id)
        if "waited" in reason:
            session.execute(update(tables.Attempt).values(finished_at=now(session) - 2 * PATIENCE))
    assert builders.claimed(engine, worker).number == 2
