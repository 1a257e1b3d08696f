"""`farm compare` as a person and as a gate use it: words, figures, and an exit code."""

import csv
import io
import json

import pytest

from tests.cli.conftest import Farm
from tests.queries.histories import Box, cell, seconds

FAST, SLOW = seconds(0.0100, 0.0101, 0.0099), seconds(0.0120, 0.0121, 0.0119)


@pytest.fixture
def two_commits(box: Box) -> None:
    """Two sweeps: the second is slower at batch 1."""
    box.ran([(cell(), FAST), (cell(batch_size=8), FAST)], labels={"commit": "a"})
    box.ran([(cell(), SLOW), (cell(batch_size=8), FAST)], labels={"commit": "b"})


@pytest.mark.usefixtures("two_commits")
def test_a_regression_ends_with_one_and_an_improvement_with_nought(farm: Farm) -> None:
    answer = farm("compare", "commit=a", "commit=b", check=1)
    assert "commit=b against commit=a: 1 slower, 1 same. Differences below 5 % count as none." in answer.out
    assert "10.0 ms" in answer.out
    assert "1 faster, 1 same" in farm("compare", "commit=b", "commit=a").out


@pytest.mark.usefixtures("two_commits")
def test_markdown_is_fit_for_a_pull_request(farm: Farm) -> None:
    lines = farm("compare", "commit=a", "commit=b", "-f", "markdown", check=1).out.splitlines()
    assert lines[0] == "commit=b against commit=a: 1 slower, 1 same. Differences below 5 % count as none."
    assert lines[2].startswith("| Second side is | Cell | Machine | Metric | First | Second | Ratio |")
    assert lines[4].startswith(
        "| slower | minilm x cpu fp32 batch 1 tokens 128 | box | latency | 10.0 ms | 12.0 ms | 1.20× |"
    )


@pytest.mark.usefixtures("two_commits")
def test_programs_get_si_figures(farm: Farm) -> None:
    found = json.loads(farm("compare", "commit=a", "commit=b", "-f", "json", check=1).out)
    assert set(found) == {"summary", "lines", "unmatched"}
    assert {"fact": "slower", "value": 1} in found["summary"]
    line = found["lines"][0]
    assert (line["answer"], line["unit"]) == ("slower", "s")
    assert line["second"] == pytest.approx(0.012, rel=0.001)
    rows = list(csv.DictReader(io.StringIO(farm("compare", "commit=a", "commit=b", "-f", "csv", check=1).out)))
    assert [row["answer"] for row in rows] == ["slower", "same"]


@pytest.mark.usefixtures("two_commits")
def test_mistakes_of_a_comparison_are_told(farm: Farm) -> None:
    assert "no time or rate is called 'latencyy'; did you mean latency?" in (
        farm("compare", "commit=a", "commit=b", "--metric", "latencyy", check=2).err
    )
    assert "'commit=a' has no" not in farm("compare", "commit=a", "commit=c", check=2).err
    told = farm("compare", "commit=c", "komit=a", check=2).err
    assert "'commit=c' has no results to compare; no label commit is called 'c'; known: a, b\n" in told
    assert "'komit=a' has no results to compare; no label is called 'komit'; did you mean commit?" in told
    assert "--threshold" in farm("compare", "commit=a", "commit=b", "--threshold", "0", check=2).err
