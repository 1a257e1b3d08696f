"""`farm trend` as a person and as a gate use it."""

import json

import pytest

from tests.builders import NOISE
from tests.cli.conftest import Farm
from tests.queries.histories import Box
from tests.queries.test_trend import around, slowed


def test_a_regression_ends_with_one_until_it_is_acknowledged(farm: Farm, box: Box) -> None:
    slowed(box)
    answer = farm("trend", "-f", "json", check=1)
    assert answer.err == "1 regression not acknowledged in 1 history\n"
    (change,) = json.loads(answer.out)
    assert (change["change"], change["points"], change["note"]) == ("slower", 4, None)
    assert change["after"] == pytest.approx(0.012, rel=0.02)
    assert "packages.torch 2 → 2.1; label.commit a → b" in change["differs"]
    assert "| slower | minilm x cpu fp32 batch 1 tokens 128 | box | latency | " in (
        farm("trend", "--model", "minilm", "-f", "markdown", check=1).out
    )
    assert farm("trend", "ack", change["result"], "--note", "new torch", "--by", "ada").err.endswith(": noted\n")
    quiet = farm("trend", "-f", "json")
    assert quiet.err == "0 regressions not acknowledged in 1 history\n"
    assert json.loads(quiet.out)[0]["note"] == "new torch (ada)"


def test_people_are_told_some_of_many_differences_and_programs_all(farm: Farm, box: Box) -> None:
    box.history(around(0.010, 12))
    box.updates(**{f"package{place}": "1" for place in range(9)})
    box.history(around(0.012, 3))
    assert "; and 7 more" in farm("trend", check=1).out
    (change,) = json.loads(farm("trend", "-f", "json", check=1).out)
    assert change["differs"].count("packages.") == 10


def test_what_is_too_short_is_told(farm: Farm, box: Box) -> None:
    box.history(around(0.01, 3))
    assert farm("trend", "-f", "csv").err == (
        "0 regressions not acknowledged in 0 histories; 1 are too short to tell: fewer than 12 results\n"
    )


def test_why_there_is_no_history_is_told(farm: Farm, box: Box) -> None:
    box.history(around(0.01, 2), doubts=(NOISE,))
    end = "0 regressions not acknowledged in 0 histories\n"
    assert farm("trend").err == f"none of 2 results is real, undoubted and has the metric\n{end}"
    assert farm("trend", "--model", "minilmm").err.startswith("no model is called 'minilmm'; did you mean minilm?\n")


def test_false_alarms_of_the_farms_own_runs(farm: Farm, box: Box) -> None:
    slowed(box)
    (found,) = json.loads(farm("trend", "--null", "-f", "json").out)
    assert found == {"histories": 1, "results": 12, "alarms": 0, "share": 0.0, "asked_for": 1.0}


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--metric", "memory_peak"), "no time or rate is called 'memory_peak'"),
        (("--where", "batchsize>1"), "no field 'batchsize'; did you mean batch_size?"),
        (("--since", "soon"), "'soon' is no point in time"),
        (("--modle", "x"), "Did you mean one of: '--model', '--name'?"),
        (("ack", "nope", "--note", "x"), "no result 'nope'"),
        (("ack", "nope"), "Missing option '--note'"),
        (("ack", "nope", "--note", " "), "an empty note says nothing"),
    ],
)
def test_mistakes_are_told(farm: Farm, words: tuple[str, ...], told: str) -> None:
    assert told in farm("trend", *words, check=2).err
