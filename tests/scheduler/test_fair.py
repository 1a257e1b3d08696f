"""Which jobs go next: a huge sweep does not hold up a small one, and a sweep's own limit holds."""

import pytest
from sqlalchemy import Engine

from tests.builders import RULES, claimed, dispatched, done, registered, spec, submitted

WIDE = RULES._replace(window=6)


def ids(engine: Engine) -> list[int]:
    return [message.job_id for message in dispatched(engine, WIDE)]


def test_sweeps_of_equal_urgency_take_turns(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(50)))
    submitted(engine, spec(seed=100), spec(seed=101))
    registered(engine, "fake")
    assert ids(engine) == [1, 51, 2, 52, 3, 4]


def test_a_sweep_that_comes_later_catches_up_with_what_is_under_way(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(50)))
    worker = registered(engine, "fake")
    assert ids(engine) == [1, 2, 3, 4, 5, 6]
    submitted(engine, *(spec(seed=100 + seed) for seed in range(5)))
    for job_id in (1, 2, 3):
        done(engine, worker, job_id=job_id)  # dispatches as well, with the narrow window of the builders
    assert ids(engine) == [51, 52, 53]


def test_a_more_urgent_sweep_goes_before_all_others(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(4)), priority=1)
    submitted(engine, *(spec(seed=10 + seed) for seed in range(4)), priority=9)
    registered(engine, "fake")
    assert ids(engine) == [5, 6, 7, 8, 1, 2]


def test_no_more_of_a_sweep_is_under_way_than_it_allows(engine: Engine) -> None:
    submitted(engine, *(spec(seed=seed) for seed in range(9)), plan={"max_running": 2})
    submitted(engine, spec(seed=100))
    worker = registered(engine, "fake")
    assert ids(engine) == [1, 10, 2]
    held = claimed(engine, worker, job_id=1)
    assert ids(engine) == []  # a running one counts
    assert held.number == 1
    done(engine, worker, job_id=2)
    assert ids(engine) == [3]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_holds_over_all_queues(engine: Engine, limit: int) -> None:
    cells = [spec(seed=seed, platform=platform) for seed in range(5) for platform in ("fake", "cpu")]
    submitted(engine, *cells, plan={"max_running": limit})
    registered(engine, "fake", "cpu")
    assert len(ids(engine)) == limit
