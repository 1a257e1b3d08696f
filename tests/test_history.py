"""The database for people with Python, and the view for people with SQL: the same figures, read only."""

import subprocess
import sys

import pandas as pd
import pytest
from sqlalchemy import Engine, text

import farm
from farm import History
from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import DatabaseBehind, UnknownName
from farm.database.engine import read
from farm.queries.compare import Answer
from tests.queries.histories import Box, cell, seconds
from tests.queries.test_trend import slowed

NOISE = Doubt(kind=DoubtKind.NOISY_HOST, figure=1, detail="noise")


@pytest.fixture
def history(engine: Engine, database_url: str) -> History:
    box = Box(engine)
    box.ran([(cell(options={"pin": True}), seconds(0.02, 0.021)), (cell(batch_size=8), seconds(0.08))], name="a")
    box.ran([(cell(batch_size=8), seconds(0.04))], name="b", doubts=(NOISE,))
    return History(database_url)


def test_a_metric_of_a_newer_program_is_shown_without_a_unit(history: History, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE measurement SET metric = 'wobble' WHERE attempt_id = 1"))
    with history:
        (row,) = history.frame(name="a", where=["batch_size=1"]).to_dict("records")
    assert (row["metric"], row["unit"]) == ("wobble", "")


def test_results_are_asked_for_in_words(history: History) -> None:
    with history:
        assert [row.median("latency") for row in history.results(where=["batch_size>=8"], sort="latency")] == [
            0.04,
            0.08,
        ]
        (row,) = history.results(name="a", where=["batch_size=1"], since="1h", limit=5)
        assert [len(process) for process in history.samples(row.attempt)["latency"]] == [31, 31]
        assert history.result(row.job).row == row
        with pytest.raises(UnknownName, match="did you mean model"):
            history.results(modle="minilm")
        for ask in (history.results, history.frame, history.trend):
            with pytest.raises(UnknownName, match="no metric is called 'latenzy'; did you mean latency"):
                ask(metrics=["latenzy"])


def test_comparisons_and_trends(database_url: str, engine: Engine) -> None:
    slowed(Box(engine))
    with History(database_url) as history:
        assert history.compare("commit=a", "commit=b").counts[Answer.SLOWER] == 1
        assert history.trend(model="minilm").regressions() == 1


def test_frames_tables_and_the_view_have_the_same_figures(history: History, engine: Engine) -> None:
    frame = history.frame(where=["batch_size>=8"], metrics=["latency"])
    assert frame["median"].tolist() == [0.04, 0.08]
    assert frame["doubts"].tolist() == ["noisy_host", ""]
    assert history.arrow().num_rows == 3
    with read(engine) as session:
        rows = session.execute(text("SELECT * FROM measured ORDER BY median")).mappings().all()
    view = pd.DataFrame([dict(row) for row in rows])
    whole = history.frame(sort="latency")
    assert set(whole.columns) <= set(view.columns)
    for column in ("result", "model", "batch_size", "machine", "verdict", "metric", "unit", "n", "median", "repeats"):
        assert view[column].tolist() == whole[column].tolist(), column
    assert view["doubts"].fillna("").tolist() == ["", "noisy_host", ""]


def test_it_is_imported_only_when_it_is_asked_for() -> None:
    program = "import sys, farm, farm.cli; assert not {'scipy', 'sqlalchemy', 'pandas', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert farm.History is History
    with pytest.raises(AttributeError, match="module 'farm' has no attribute 'Histroy'"):
        farm.Histroy  # noqa: B018 - asked for on purpose


def test_a_database_that_does_not_fit_is_refused(empty_engine: Engine, database_url: str) -> None:
    with pytest.raises(DatabaseBehind):
        History(database_url)
