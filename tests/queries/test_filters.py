"""Filters are words that everybody shares; a wrong one is told with the nearest."""

import pytest
from sqlalchemy import Engine

from farm.contract.errors import UnknownName
from farm.contract.evidence import Verdict
from farm.database.engine import read
from farm.queries.filters import FILTERS, conditions, unmatched
from farm.queries.results import count_results, find_results
from farm.queries.where import condition_of
from tests.builders import done, registered, spec, submitted


def test_an_unknown_word_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown filter 'modle'; did you mean model\?"):
        conditions({"modle": "minilm"})


def test_every_filter_can_be_asked(engine: Engine) -> None:
    with read(engine) as session:
        asked = {word: row.values[0] if row.values else "x" for word, row in FILTERS.items()}
        assert find_results(session, asked) == []
        assert len(unmatched(session, asked)) == sum(not row.values for row in FILTERS.values())


def test_a_value_that_something_has_is_no_mistake(engine: Engine) -> None:
    submitted(engine, spec(platform="cpu"), name="nightly")
    done(engine, registered(engine, "cpu"), job_id=1)
    with read(engine) as session:
        assert [row.model for row in find_results(session, {"name": "nightly", "verdict": "real"})] == ["fake-model"]
        assert unmatched(session, {"name": "nightly", "model": "x", "verdict": "mock"}) == [
            "no model is called 'x'; known: fake-model"
        ]


@pytest.mark.parametrize(
    ("word", "value", "told"), [("verdict", "rael", "did you mean real"), ("scenario", "x", "known: latency, server")]
)
def test_a_value_that_none_can_have_is_a_mistake(word: str, value: str, told: str) -> None:
    with pytest.raises(UnknownName, match=f"no {word} is called '{value}'; {told}"):
        conditions({word: value})


def test_the_verdict_is_asked_for_as_it_is_told(engine: Engine) -> None:
    submitted(engine, spec(platform="cpu"), spec(platform="fake"), spec(platform="cpu", seed=2))
    done(engine, registered(engine, "cpu"), job_id=1)
    done(engine, registered(engine, "fake"), job_id=2)
    done(engine, registered(engine, "cpu"), job_id=3, evidence=(), verdict=Verdict.REAL)  # as another program judged
    with read(engine) as session:
        for verdict in ("real", "suspect", "mock", "fake"):
            for which in (conditions({"verdict": verdict}), [condition_of(f"verdict={verdict}")]):
                told = [row.told().lower() for row in find_results(session, {}, also=which, proof=False)]
                assert told == [verdict] * (verdict != "mock")
                assert count_results(session, {}, also=which) == len(told)
