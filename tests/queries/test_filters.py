"""Filters are words that everybody shares; a wrong one is told with the nearest."""

import pytest
from sqlalchemy import Engine

from farm.contract.errors import UnknownName
from farm.database.engine import read
from farm.queries.filters import FILTERS, conditions, unmatched
from farm.queries.results import find_results
from tests.builders import done, registered, spec, submitted


def test_an_unknown_word_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown filter 'modle'; known: sweep, .*; did you mean 'model'"):
        conditions({"modle": "minilm"})


def test_every_filter_can_be_asked(engine: Engine) -> None:
    with read(engine) as session:
        assert find_results(session, dict.fromkeys(FILTERS, "x")) == []
        assert len(unmatched(session, dict.fromkeys(FILTERS, "x"))) == len(FILTERS)


def test_a_value_that_something_has_is_no_mistake(engine: Engine) -> None:
    submitted(engine, spec(platform="cpu"), name="nightly")
    done(engine, registered(engine, "cpu"), job_id=1)
    with read(engine) as session:
        assert [row.model for row in find_results(session, {"name": "nightly", "verdict": "real"})] == ["fake-model"]
        assert unmatched(session, {"name": "nightly", "verdict": "mock"}) == [
            "no verdict is called 'mock'; known: real"
        ]
