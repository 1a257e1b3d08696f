"""A cancellation that comes while others move the same jobs: none of them escapes it, and none is left hanging."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from farm.database.engine import read, write
from farm.queries.audit import audit
from farm.scheduler.cancel import cancel
from farm.scheduler.claim import Claim
from farm.scheduler.settle import release, settle_failure, settle_result
from tests.builders import claimed, failure, registered, result, spec, states, submitted

Ending = Callable[[Session, Claim], object]
ENDINGS: dict[str, tuple[Ending, str]] = {
    "crashed": (lambda session, held: settle_failure(session, held.token, failure("crashed")), "cancelled"),
    "given back": (lambda session, held: release(session, held.token, reason="stopping"), "cancelled"),
    "done": (lambda session, held: settle_result(session, held.token, result()), "done"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_job_that_ends_after_it_was_cancelled_is_not_tried_again(engine: Engine, ending: str) -> None:
    end, expected = ENDINGS[ending]
    sweep = submitted(engine, spec(), max_attempts=9)
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        cancel(session, sweep)
    with write(engine) as session:
        end(session, held)
    assert states(engine) == [expected]
    with read(engine) as session:
        assert audit(session, ended=sweep) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_job_that_ends_while_it_is_cancelled_does_not_escape(engine: Engine, ending: str) -> None:
    end, expected = ENDINGS[ending]
    sweep = submitted(engine, spec(), max_attempts=9)
    held = claimed(engine, registered(engine, "fake"))
    begun = threading.Event()

    def cancelling() -> None:
        begun.set()
        with write(engine) as session:
            cancel(session, sweep)

    thread = threading.Thread(target=cancelling)
    with write(engine) as session:
        end(session, held)
        thread.start()
        begun.wait()
        thread.join(0.3)  # it waits for our transaction: on PostgreSQL for the job's row, on SQLite for the file
    thread.join()
    assert states(engine) == [expected]
    with read(engine) as session:
        assert audit(session, ended=sweep) == []
