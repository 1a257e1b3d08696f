"""Questions in words mean the same on every database."""

import pytest
from sqlalchemy import Engine

from farm.contract.errors import UserMistake
from farm.database.engine import read
from farm.queries.question import Question, asked
from farm.queries.results import count_results, find_results
from farm.queries.sorting import order_of
from farm.queries.where import condition_of
from tests.queries.histories import Box, cell, seconds


def sizes(engine: Engine, *where: str, sort: str = "batch_size", **words: object) -> list[int]:
    with read(engine) as session:
        which = asked(session, Question(where=where, **words))  # type: ignore[arg-type]
        found = [row.batch_size for row in find_results(session, {}, also=which, order=order_of(sort))]
        assert count_results(session, {}, also=which) == len(found)
    return found


def test_each_kind_of_word(engine: Engine) -> None:
    box = Box(engine)
    box.ran(
        [
            (cell(batch_size=1), seconds(0.010)),
            (cell(batch_size=2, options={"attention": "eager", "pin": True}), seconds(0.030)),
            (cell(batch_size=4, platform="openvino"), seconds(0.020)),
        ],
        labels={"commit": "a%_b", "nightly": True, "run": 7},
    )
    assert sizes(engine) == [1, 2, 4]
    assert sizes(engine, "batch_size>1", "batch_size != 4") == [2]
    assert sizes(engine, "latency<=20ms") == [1, 4]
    assert sizes(engine, "latency.n=31", "latency.maximum>25000us") == [2]
    assert sizes(engine, "throughput>0") == []
    assert sizes(engine, "option.attention=eager") == [2]
    assert sizes(engine, "label.commit~%_", "label.run=7") == [1, 2, 4]
    assert sizes(engine, "label.commit~ab") == []
    assert sizes(engine, "platform~VINO".lower(), "machine=box") == [4]
    assert sizes(engine, labels=("nightly=true", "commit=a%_b")) == [1, 2, 4]
    assert sizes(engine, labels=("nightly=false",)) == []
    assert sizes(engine, sort="-latency") == [2, 4, 1]
    assert sizes(engine, sort="option.attention") == [2, 4, 1]  # without it: last, the newest first


@pytest.mark.parametrize("text", ["", "=1", "batch_size>", "batch_size>=1; DROP TABLE job", "model IN ('a')", "1=1"])
def test_nothing_but_a_condition_is_read(text: str) -> None:
    with pytest.raises(UserMistake):
        condition_of(text)
