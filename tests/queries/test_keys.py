"""Pages of results put one after the other are the whole, in every order; only the tables that are named are read."""

from itertools import product

import pytest
from sqlalchemy import Engine

from farm.database.engine import read
from farm.database.tables import Attempt, Job
from farm.queries import keys as asking
from farm.queries.keys import count, keys, results
from farm.queries.question import Question, asked
from farm.queries.sorting import order_of
from farm.queries.where import condition_of
from tests.builders import NOISE, measured
from tests.queries.histories import Box, cell, seconds


@pytest.fixture
def mixed(engine: Engine) -> Engine:
    """Six results: with a latency each but the fourth, some equal; one doubted."""
    box = Box(engine)
    box.ran([(cell(batch_size=size), seconds(level)) for size, level in ((1, 0.02), (2, 0.01), (4, 0.02))])
    box.ran([(cell(batch_size=8), measured("throughput", 5.0))])
    box.ran([(cell(platform="openvino"), seconds(0.04)), (cell(batch_size=16), seconds(0.01))], doubts=(NOISE,))
    return engine


ORDERS = (
    ("", [6, 5, 4, 3, 2, 1]),
    ("latency", [6, 2, 3, 1, 5, 4]),
    ("-latency", [5, 3, 1, 6, 2, 4]),
    ("latency.p95", [6, 5, 4, 3, 2, 1]),  # nothing has it
    ("throughput", [4, 6, 5, 3, 2, 1]),
    ("-batch_size", [6, 4, 3, 2, 5, 1]),
    ("-doubts", [6, 5, 4, 3, 2, 1]),
    ("platform", [6, 4, 3, 2, 1, 5]),
    ("machine", [6, 5, 4, 3, 2, 1]),
    ("finished_at", [1, 2, 3, 4, 5, 6]),
)


def test_pages_follow_each_other_in_every_order(mixed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with read(mixed) as session:
        small = [condition_of("batch_size<=4")]
        for (order, whole), (size, walk) in product(ORDERS, ((1, 9), (4, 1), (5, 0))):
            monkeypatch.setattr(asking, "WALK", walk)
            monkeypatch.setattr(asking, "FEW", walk)
            by = order_of(order) if order else None
            assert keys(session, (), order=by) == whole
            pages = [keys(session, (), order=by, limit=size, skip=skip) for skip in range(0, 10, size)]
            assert [key for page in pages for key in page] == whole
            assert keys(session, small, order=by) == [key for key in whole if key in (1, 2, 3, 5)]


def test_doubts_are_counted(mixed: Engine) -> None:
    expected = {
        **{key: [6, 5] for key in ("doubts>0", "doubts>=1", "doubts!=0", "doubts=1")},
        **{key: [4, 3, 2, 1] for key in ("doubts=0", "doubts<1", "doubts!=1")},
        **{key: [6, 5, 4, 3, 2, 1] for key in ("doubts<=1", "doubts>=0")},
        "doubts>1": [],
    }
    with read(mixed) as session:
        assert {text: keys(session, [condition_of(text)]) for text in expected} == expected


def test_counting_ends_where_it_is_told(mixed: Engine) -> None:
    with read(mixed) as session:
        assert [count(session, (), most=most) for most in (None, 4, 6, 9)] == [6, 4, 6, 6]
        assert count(session, asked(session, Question({"platform": "openvino"})), most=9) == 1


def test_only_tables_that_are_named_are_joined() -> None:
    assert "JOIN" not in str(results(Attempt.id, conditions=()))
    assert str(results(Attempt.id, conditions=(Job.model == "x",))).count("JOIN") == 1
    assert str(results(Attempt.id, conditions=(condition_of("label.commit=x"),))).count("JOIN") == 2
    assert str(results(Attempt.id, conditions=(), order=(order_of("machine").sql(),))).count("JOIN") == 1
