"""Of several schedulers, one leads for the length of a transaction."""

import pytest
from sqlalchemy import Engine

from farm.database.engine import write
from farm.scheduler.leader import leads


def test_a_pool_has_one_leader_at_a_time_and_a_new_one_after_it(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with write(engine) as session:
            assert leads(session, "farm")  # a second transaction could not begin
        return
    with write(engine) as first, write(engine) as second:
        assert leads(first, "farm")
        assert not leads(second, "farm")
        assert leads(second, "run-other")
    with write(engine) as session:
        assert leads(session, "farm")


def test_a_leader_that_breaks_off_leaves_no_lock(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), write(engine) as session:
        assert leads(session, "farm")
        raise ZeroDivisionError
    with write(engine) as session:
        assert leads(session, "farm")
