"""Changes of real histories in a database: named, explained, acknowledged; and the farm's own false alarms counted."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import Engine

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import UnknownName, UserMistake
from farm.contract.evidence import Verdict
from farm.database.engine import read, write
from farm.queries.differences import Difference, differing, flat
from farm.queries.question import Question, asked
from farm.queries.results import find_results
from farm.queries.trend import NullTrend, Trend, find_changes, null_trend
from farm.scheduler.annotate import acknowledge
from tests.queries.histories import Box, cell, seconds

EVERYTHING = Question()


def around(level: float, count: int, *, seed: int = 1) -> list[float]:
    return [float(each) for each in level * np.exp(np.random.default_rng(seed).normal(0, 0.01, count))]


def trend(engine: Engine, question: Question = EVERYTHING, metrics: Sequence[str] = ("latency",)) -> Trend:
    with read(engine) as session:
        return find_changes(session, asked(session, question), metrics=metrics)


def slowed(box: Box) -> None:
    """Twelve nights at 10 ms, then four at 12 ms with another torch, another kernel's label and another commit."""
    box.history(around(0.010, 12), labels={"commit": "a"})
    box.updates(torch="2.1", scipy="1")
    box.history(around(0.012, 4, seed=2), labels={"commit": "b"})


def test_a_change_is_named_by_its_first_result_and_by_what_else_changed(engine: Engine) -> None:
    slowed(Box(engine))
    found = trend(engine)
    (change,) = found.changes
    with read(engine) as session:
        attempts = [row.attempt for row in find_results(session, {})][::-1]
    assert (change.result, change.last_before) == (attempts[12], attempts[11])
    assert (change.worse, change.points, change.note) == (True, 4, None)
    assert change.ratio.low < 1.2 < change.ratio.high < 1.3
    assert [each.words() for each in change.differs] == [
        "packages.torch 2 → 2.1",
        "label.commit a → b",
        "packages.scipy – → 1",
    ]
    assert (found.histories, found.regressions()) == (1, 1)


def test_what_somebody_acknowledged_is_no_regression_and_the_note_is_kept(engine: Engine) -> None:
    box = Box(engine)
    slowed(box)
    (change,) = trend(engine).changes
    with write(engine) as session:
        acknowledge(session, change.result, note="the new torch", author="ada")
    again = trend(engine)
    assert [each.note for each in again.changes] == ["the new torch (ada)"]
    assert again.regressions() == 0
    box.history(around(0.012, 5, seed=3))
    box.history(around(0.015, 4, seed=4))
    later = trend(engine)
    assert [each.note for each in later.changes] == [None, "the new torch (ada)"]
    assert later.regressions() == 1
    with pytest.raises(UnknownName, match="no result 'nope'; `farm trend` names"), write(engine) as session:
        acknowledge(session, "nope", note="x", author="ada")


def test_faster_is_a_change_and_no_regression(engine: Engine) -> None:
    box = Box(engine)
    for figures in (around(100, 12), around(120, 4)):
        for figure in figures:
            box.ran([(cell(), seconds(figure, calls=5, metric="throughput"))])
    found = trend(engine, metrics=("throughput",))
    assert ([each.worse for each in found.changes], found.regressions()) == ([False], 0)


def test_doubtful_and_unproven_results_are_no_part_of_a_history(engine: Engine) -> None:
    box = Box(engine)
    noise = Doubt(kind=DoubtKind.NOISY_HOST, figure=1, detail="noise")
    box.history(around(0.010, 12))
    box.history(around(0.020, 4), doubts=(noise,))
    box.history(around(0.020, 4), verdict=Verdict.SUSPECT)
    found = trend(engine)
    assert (found.changes, found.histories) == ((), 1)


def test_the_question_narrows_what_is_looked_at(engine: Engine) -> None:
    slowed(Box(engine))
    assert trend(engine, Question({"model": "gpt2"})) == Trend((), 0, 0)
    assert trend(engine, Question(labels=("commit=b",))) == Trend((), 0, 1)
    assert trend(engine, Question(since="1h", where=("batch_size=1",))).regressions() == 1
    assert trend(engine, Question(until="2020-01-01")).histories == 0
    with pytest.raises(UserMistake, match="a label is asked for as NAME=VALUE, not 'commit'"):
        trend(engine, Question(labels=("commit",)))


def test_false_alarms_are_counted_where_nothing_changed(engine: Engine) -> None:
    box = Box(engine)
    slowed(box)
    with read(engine) as session:
        assert null_trend(session, [], metrics=("latency",)) == NullTrend(1, 12, 0)
    box.updates(torch="3")
    box.history([*around(0.010, 10), *around(0.020, 6)])
    with read(engine) as session:
        assert null_trend(session, [], metrics=("latency",)) == NullTrend(2, 28, 1)


def test_what_differs_between_two_records() -> None:
    before = flat({"a": {"b": 1, "gone": "x"}, "list": [1, 2], "gpus": [{"driver": "5"}], "none": None})
    after = flat({"a": {"b": 1, "new": True}, "list": [1, 3], "gpus": [{"driver": "6"}]})
    assert differing(before, after) == [
        Difference("a.gone", "x", None),
        Difference("list", "1, 2", "1, 3"),
        Difference("gpus.0.driver", "5", "6"),
        Difference("a.new", None, "True"),
    ]
