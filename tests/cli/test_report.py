"""Reports through the command line: in every format, of the last sweep or a named one, to stdout or to files."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Farm

pytestmark = pytest.mark.usefixtures("filled")


def test_a_report_comes_in_every_format(farm: Farm) -> None:
    public_id = json.loads(farm("sweep", "list", "-f", "json").out)[0]["sweep"]
    assert farm("report").out == farm("report", "last").out == farm("report", public_id).out
    assert farm("report").out.startswith("# Performance of nightly\n\n## At a glance\n")
    found = json.loads(farm("report", "-f", "json").out)
    assert found["title"] == "Performance of nightly"
    assert found["sections"][0]["tables"][0][0]["latency_p50"] == 0.04
    assert any(row[:2] == ["minilm", "cpu"] for row in csv.reader(io.StringIO(farm("report", "-f", "csv").out)))
    assert "Implementation status" in farm("report", "-f", "table").out
    assert farm("report", "-f", "html").out.startswith("<!doctype html>")
    assert {farm("report", "-f", form).err for form in ("json", "markdown", "html")} == {""}


def test_an_ending_that_a_format_has_is_not_written_twice(farm: Farm, tmp_path: Path) -> None:
    farm("report", "last", "--to", tmp_path / "nightly.md")
    assert sorted(path.name for path in tmp_path.glob("nightly*")) == ["nightly.html", "nightly.md"]


def test_a_report_goes_to_files(farm: Farm, tmp_path: Path) -> None:
    answer = farm("report", "last", "--to", tmp_path / "new" / "nightly.v1")
    assert answer.out == ""
    names = {"nightly.v1.md", "nightly.v1.html"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == names
    assert all(name in answer.err for name in names)


def test_an_unknown_sweep_has_no_report(farm: Farm) -> None:
    assert "no sweep 'nope'" in farm("report", "nope", check=2).err


def test_a_report_that_cannot_be_written_is_told(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write the report" in farm("report", "--to", tmp_path / "file" / "report", check=2).err
