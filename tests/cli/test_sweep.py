"""Sweeps through the command line: submitted, looked at, cancelled, tried again."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.builders import registered, states
from tests.cli.conftest import Farm

SWEEP = """
name: two
models: fake-model
platforms: [fake, cpu]
options: {fake: {fault: [none, raise]}}
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Give a sweep file of two jobs that can run, and one that cannot."""
    path = tmp_path / "two.yaml"
    path.write_text(SWEEP)
    return path


def test_a_dry_run_shows_cells_and_needs_and_submits_nothing(farm: Farm, sweep: Path) -> None:
    rows = json.loads(farm("sweep", "submit", sweep, "--dry-run", "-f", "json").out)
    assert [(row["needs"], bool(row["unsupported"])) for row in rows] == [
        ("fake", False),
        ("fake", False),
        ("cpu", True),
    ]
    assert "fault=raise" in rows[1]["cell"]
    assert {row["workers"] for row in rows} == {None}
    assert farm("sweep", "list", "-f", "json").out == "[]\n"


def test_a_dry_run_says_the_settings_of_scenarios_in_words(farm: Farm, sweep: Path) -> None:
    asked = (
        "throughput: {search_batch_size: [1, 64], memory_gib: 8}\nserver: {rate: [5, highest], latency_bound: 0.1}\n"
    )
    sweep.write_text("name: s\nmodels: fake-model\nplatforms: fake\nscenario: [throughput, server]\n" + asked)
    rows = json.loads(farm("sweep", "submit", sweep, "--dry-run", "-f", "json").out)
    assert [row["cell"].removeprefix("fake-model x fake fp32 ") for row in rows] == [
        "batch 1 to 64 throughput within 8 GiB",
        "batch 1 server 5/s with p99 within 100 ms",
        "batch 1 server highest rate with p99 within 100 ms",
    ]


def test_a_dry_run_against_a_farm_names_the_workers_that_could_take_each(
    farm: Farm, filled: Engine, sweep: Path
) -> None:
    registered(filled, "fake", name="taker")
    rows = json.loads(farm("sweep", "submit", sweep, "--dry-run", "-f", "json").out)
    assert [row["workers"] for row in rows] == ["taker", "taker", None]
    sweep.write_text(SWEEP + "require: {memory_gib: 900}\n")
    assert "none now" in farm("sweep", "submit", sweep, "--dry-run").out
    assert states(filled) == ["done", "done", "failed", "waiting", "unsupported"]


def test_a_submitted_sweeps_id_is_all_of_stdout(farm: Farm, sweep: Path) -> None:
    public_id = farm("sweep", "submit", sweep).out.strip()
    (row,) = json.loads(farm("sweep", "show", public_id, "-f", "json").out)
    assert (row["name"], row["jobs"], row["settled"]) == ("two", 3, 1)
    assert row["states"] == "2 planned, 1 unsupported"


def test_a_sweep_tells_how_much_of_its_time_was_measuring(farm: Farm, filled: Engine) -> None:
    with filled.begin() as connection:  # 2 results of 20 calls of 40 ms
        connection.execute(text("UPDATE attempt SET started_at = '2026-01-01 12:00:00'"))
        connection.execute(text("UPDATE attempt SET finished_at = '2026-01-01 12:00:16'"))
    (row,) = json.loads(farm("sweep", "show", "last", "-f", "json").out)
    assert row["duty_cycle"] == pytest.approx(10)
    shown = farm("sweep", "show", "last").out
    assert "10.0 %" in shown
    assert "share of the sweep's wall time that was spent in timed calls" in shown


def test_once_submits_once_and_without_it_each_time_anew(farm: Farm, sweep: Path) -> None:
    first, again, other, fresh = (
        farm("sweep", "submit", sweep, *words).out.strip()
        for words in (("--once", "a"), ("--once", "a"), ("--once", "b"), ())
    )
    assert first == again
    assert len({first, other, fresh}) == 3
    assert len(json.loads(farm("sweep", "list", "-f", "json").out)) == 3


def test_the_mistakes_of_a_file_are_told_together(farm: Farm, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text('name: x\nmodels: minilmm\nplatforms: cpuu\nbatch_size: -1\nlabels: {a: "\\e[2J"}\n')
    for command in (("sweep", "submit", path, "--dry-run"), ("run", path)):
        told = farm(*command, check=2).err.splitlines()
        assert len(told) == 4
        assert all(f"bad.yaml:{line}: " in text for line, text in zip((2, 3, 4, 5), told, strict=True))
        assert "did you mean minilm?" in told[0]
        assert "printable" in told[3]
        assert "\x1b" not in "".join(told)


def test_a_cancelled_sweep_can_be_tried_again(farm: Farm, filled: Engine) -> None:
    assert farm("sweep", "cancel", "last") == ("", "1 job cancelled; 0 running ones stop within seconds\n")
    assert states(filled) == ["done", "done", "failed", "cancelled", "unsupported"]
    assert farm("sweep", "retry", "last").err == "2 jobs will be tried again\n"
    assert states(filled) == ["done", "done", "planned", "planned", "unsupported"]
    assert farm("sweep", "retry", "last", "--unsupported").err == "1 job will be tried again\n"
    assert states(filled) == ["done", "done", "planned", "planned", "planned"]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
def test_an_unknown_sweep_is_told(farm: Farm, command: str) -> None:
    assert "no sweep 'nope'; `farm sweep list` shows them" in farm("sweep", command, "nope", check=2).err
