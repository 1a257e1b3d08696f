"""Every kind of report through the command line: what it tells, what it needs, and what it says of wrong words."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from farm.contract.doubts import Doubt, DoubtKind
from tests.builders import measured
from tests.cli.conftest import Farm
from tests.queries.histories import Box, cell, seconds

ROOF = {"device": "host", "binds": "memory", "peak_flops": 1e12, "peak_bandwidth": 1e10, "error": 0.05}
SLOW = Doubt(kind=DoubtKind.BIMODAL, figure=1.5, detail="half of the calls took 15 ms")


def told(farm: Farm, *words: str) -> dict[str, Any]:
    """What a report tells to programs."""
    found: dict[str, Any] = json.loads(farm("report", *words, "-f", "json").out)
    return found


def section(found: dict[str, Any], title: str) -> dict[str, Any]:
    return next(each for each in found["sections"] if each["title"] == title)


def placed(rate: float) -> dict[str, Any]:
    """A result with a time, and a place below a roof."""
    figures = {"latency": 0.01, "flops_per_call": 2e9, "bytes_per_call": 1e9, "achieved_flops": rate}
    figures |= {"roofline_fraction": rate / 2e10, "throughput": 100.0}
    return {
        "measurements": tuple(measured(name, each, half_width=each / 10) for name, each in figures.items()),
        "facts": {"roofline": ROOF},
    }


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "words",
    [
        ("performance", "last"),
        ("coverage",),
        ("leaderboard",),
        ("distribution", "last"),
        ("cost", "last", "--price", "1"),
    ],
    ids=lambda words: words[0],
)
def test_every_table_says_which_command_has_its_rows_and_the_command_is_one(farm: Farm, words: tuple[str, ...]) -> None:
    for each in told(farm, *words)["sections"]:
        assert all(each["commands"])
        assert each["tables"] or not each["charts"]
        for command in {command for line in each["commands"] for command in line.split("; ")}:
            assert farm(*shlex.split(command)[1:]).out


@pytest.mark.usefixtures("filled")
def test_the_kind_may_be_left_out(farm: Farm) -> None:
    assert farm("report").out == farm("report", "performance").out == farm("report", "performance", "last").out


@pytest.mark.usefixtures("filled")
def test_coverage_tells_what_ran_and_why_the_rest_did_not(farm: Farm) -> None:
    found = told(farm, "coverage", "last")
    matrix = section(found, "Model by platform and precision")
    assert matrix["tables"][0] == [
        {
            "model": "minilm",
            "cpu fp32": "REAL",
            "cpu int8": "UNSUPPORTED",
            "openvino fp32": "REAL",
            "openvino bf16": "FAILED",
            "cuda fp32": "NOT RUN",
        }
    ]
    assert matrix["paragraphs"][1].startswith("2 of 5 REAL, 1 FAILED, 1 UNSUPPORTED, 1 NOT RUN. That is 50% of the 4")
    assert section(found, "Unsupported")["tables"][0][0]["reason"] == "no int8"
    assert section(found, "Failed")["tables"][0][0]["reason"].startswith("python_error in measure")
    assert "no live worker has it" in section(found, "Not run")["tables"][0][0]["reason"]


@pytest.mark.usefixtures("filled")
def test_a_leaderboard_has_no_place_for_what_is_doubted(farm: Farm) -> None:
    board = told(farm, "leaderboard", "--model", "minilm")["sections"][1]["tables"][0]
    assert [(row["platform"], row["place"], row["doubts"]) for row in board] == [
        ("cpu", "1", ""),
        ("openvino", "–", "noisy_host"),
    ]


@pytest.mark.usefixtures("filled")
def test_a_cost_is_reckoned_from_the_price_of_an_hour(farm: Farm) -> None:
    rows = section(told(farm, "cost", "last", "--price", "box=0.9", "--currency", "EUR"), "Text embedding")["tables"][0]
    assert rows[0]["per_thousand_queries"] == pytest.approx(0.9 / 3600 / 25 * 1000)
    assert rows[0]["per_million_tokens"] == pytest.approx(0.9 / 3600 / 25 / 128 * 1e6)
    assert "EUR / 1,000 queries" in farm("report", "cost", "--price", "1", "--currency", "EUR").out


def test_a_distribution_shows_every_sample_and_names_the_doubts(farm: Farm, box: Box) -> None:
    box.ran([(cell(), seconds(0.010, 0.015, calls=51))], doubts=(SLOW,))
    (result,) = json.loads(farm("results", "-f", "json").out)
    found = told(farm, "distribution", result["result"])
    (row,) = section(found, "Latency")["tables"][0]
    assert (row["n"], row["minimum"], row["doubts"]) == (102, pytest.approx(0.00990, rel=1e-3), "bimodal")
    assert [each["n"] for each in section(found, "Each process")["tables"][0]] == [51, 51]
    assert section(found, "Doubts")["tables"][0][0]["detail"] == "half of the calls took 15 ms"
    shares, classes = section(found, "Latency")["charts"]
    assert shares["series"][0]["marks"][-1]["y"] == 100
    heights = [mark["y"] for mark in classes["series"][0]["marks"]]
    assert sum(heights) == pytest.approx(100)
    assert heights[1] > 0 < heights[-2]
    assert 0 in heights[2:-2]  # between the two modes


def test_a_result_stands_below_the_roof_of_its_machine(farm: Farm, box: Box) -> None:
    box.ran([(cell(), seconds(0.01))])
    assert "place below a roof" in farm("report", "roofline", check=2).err
    sweep = box.settled([(cell(), placed(1e10)), (cell(platform="openvino"), placed(1.8e10))])
    found = told(farm, "roofline", sweep)
    (part,) = found["sections"]
    assert part["paragraphs"][0].startswith("2 of 2 results are bound by memory")
    assert "minilm on openvino fp32, 90.0 % of it (± 5.00 %)" in part["paragraphs"][0]
    assert [(row["intensity"], row["roof"], row["roofline_fraction"]) for row in part["tables"][1]] == [
        (2.0, 2e10, 90.0),
        (2.0, 2e10, 50.0),
    ]
    lines = {each["name"]: each["marks"] for each in part["charts"][0]["series"] if each["drawn"] == "line"}
    assert [mark["y"] for mark in lines["memory 10.0 GB/s"]][1:] == [1e12, 1e12]


def test_a_regression_names_the_first_result_and_what_else_differs(farm: Farm, box: Box) -> None:
    box.ran([(cell(), seconds(0.0100, 0.0101, 0.0099))], labels={"commit": "a"})
    box.updates(torch="3")
    box.ran([(cell(), seconds(0.0130, 0.0131, 0.0129))], labels={"commit": "b"})
    after, before = (row["result"] for row in json.loads(farm("results", "-f", "json").out))
    found = told(farm, "regression", "commit=a", "commit=b")
    short = section(found, "In short")["paragraphs"]
    assert short[0] == "1 comparisons: 1 slower."
    assert "10.0 ms → 13.0 ms, 1.30×" in short[1]
    assert f"First seen in result {after}; the last before it is {before}." in short[1]
    differs = {row["what"]: (row["before"], row["after"]) for row in section(found, "What else differs")["tables"][0]}
    assert differs == {"packages.torch": ("2", "3"), "label.commit": ("a", "b")}


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What is asked of databases meanwhile."""
    found: list[str] = []

    def keep(*given: Any) -> None:
        found.append(given[2])

    event.listen(Engine, "before_cursor_execute", keep)
    yield found
    event.remove(Engine, "before_cursor_execute", keep)


def test_a_regression_asks_no_more_of_many_cells_than_of_one(farm: Farm, box: Box, statements: list[str]) -> None:
    asked = []
    for cells in ([cell()], [cell(batch_size=size) for size in range(2, 6)]):
        for commit in ("a", "b"):
            box.ran([(each, seconds(0.01)) for each in cells], labels={"commit": commit})
        statements.clear()
        farm("report", "regression", "commit=a", "commit=b")
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_a_regression_over_time_names_the_change(farm: Farm, box: Box) -> None:
    assert "no history of 12 results" in farm("report", "regression", check=2).err
    box.history([0.0100, 0.0101] * 6)
    box.updates(torch="3")
    box.history([0.0130, 0.0131, 0.0130])
    found = told(farm, "regression", "--model", "minilm")
    (change,) = section(found, "Changes")["tables"][0]
    assert (change["change"], change["points"]) == ("slower", 3)
    part = found["sections"][1]
    assert part["tables"][0] == [{"what": "packages.torch", "before": "2", "after": "3"}]
    assert [row["side"] for row in part["tables"][1]] == ["before"] * 12 + ["after"] * 3
    assert part["tables"][1][12]["result"] == change["first_after"]


def test_nothing_changed_is_told_as_well(farm: Farm, box: Box) -> None:
    box.history([0.0100, 0.0101] * 6)
    assert "0 changes in 1 histories" in farm("report", "regression").out


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("coverge last", "no report is called 'coverge'; did you mean coverage?"),
        ("covrage", "did you mean coverage?"),
        ("nothing last", "no report is called 'nothing'; known: cost, coverage, distribution, leaderboard, "),
        ("nope", "no sweep 'nope'"),
        ("coverage nope", "no sweep 'nope'"),
        ("coverage last last", "write: farm report coverage [SWEEP]"),
        ("coverage --price 3", "the coverage report takes no --price"),
        ("coverage --machine box", "all its jobs, which --model, --family, --platform, --precision, --scenario narrow"),
        (
            "performance --model minilmm",
            "no job of model 'minilmm'; no model is called 'minilmm'; did you",
        ),
        ("cost last", "a cost needs the price of a machine hour"),
        ("cost last --price bix=3", "did you mean box?"),
        ("leaderboard --model minilmm", "no model is called 'minilmm'; did you mean minilm?"),
        ("distribution --metric latncy", "did you mean latency?"),
        ("distribution --metric energy_of_all", "no metric is called"),
        ("distribution a b", "no result 'a'"),
        ("distribution a", "no result 'a'"),
        ("distribution --metric latency --metric throughput", "give --metric once"),
        ("regression last", "a regression report is of two sides"),
        ("regression last last", "in common"),
        ("regression --metric memory_peak", "memory_peak is no time or rate"),
        ("last -f csv -f json", "several formats need files"),
    ],
)
def test_what_cannot_be_told_says_what_to_do(farm: Farm, words: str, message: str) -> None:
    answer = farm("report", *words.split(), check=2)
    assert message in answer.err
    assert answer.out == ""


@pytest.mark.usefixtures("filled")
def test_given_formats_go_to_files(farm: Farm, tmp_path: Path) -> None:
    farm("report", "coverage", "--to", tmp_path / "new" / "c", "-f", "csv", "-f", "json")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"c.csv", "c.json"}


def test_an_empty_database_has_nothing_to_tell(farm: Farm, box: Box) -> None:
    for kind in ("leaderboard", "roofline", "distribution"):
        assert "no results to tell of" in farm("report", kind, check=2).err
    assert "there is no sweep yet" in farm("report", "coverage", check=2).err
