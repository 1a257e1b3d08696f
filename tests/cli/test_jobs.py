"""Jobs through the command line: which, with what history, and what their processes wrote."""

import json

import pytest

from tests.cli.conftest import Farm


def test_jobs_are_chosen_by_sweep_and_state(farm: Farm, jobs: list[str]) -> None:
    def listed(*words: str) -> list[str]:
        return [row["job"] for row in json.loads(farm("jobs", "list", *words, "-f", "json").out)]

    assert listed() == jobs
    assert listed("--sweep", "last", "--state", "failed") == [jobs[2]]
    assert listed("--state", "waiting") == [jobs[3]]
    assert listed("--state", "running") == []
    assert "no sweep 'nope'" in farm("jobs", "list", "--sweep", "nope", check=2).err
    assert "'lost' is not one of" in farm("jobs", "list", "--state", "lost", check=2).err


def test_a_waiting_job_tells_why(farm: Farm, jobs: list[str]) -> None:
    assert "needs cuda; no live worker has it" in farm("jobs", "show", jobs[3]).out


def test_a_failed_job_tells_its_whole_history(farm: Farm, jobs: list[str]) -> None:
    found = json.loads(farm("jobs", "show", jobs[2], "-f", "json").out)
    assert set(found) == {"job", "attempts", "events"}
    assert [(each["stage"], each["code"], each["worker"]) for each in found["attempts"]] == [
        ("measure", "python_error", "worker")
    ]
    assert [each["after"] for each in found["events"]] == ["planned", "queued", "running", "failed"]
    text = farm("jobs", "show", jobs[2]).out
    assert "python_error" in text
    assert "\x1b" not in text
    assert len(farm("jobs", "show", jobs[2], "-f", "csv").out.splitlines()) == 2


def test_logs_are_those_of_the_last_or_the_asked_attempt(farm: Farm, jobs: list[str]) -> None:
    assert farm("jobs", "logs", jobs[2]).out == "the end\n"
    assert farm("jobs", "logs", jobs[0], "--attempt", "1").out == "10 %\n20 %\n=cmd()␛[2J\n"
    assert f"job {jobs[0]} has no attempt 2; it has 1" in farm("jobs", "logs", jobs[0], "--attempt", "2", check=2).err
    assert f"job {jobs[3]} has no attempt; it has 0" in farm("jobs", "logs", jobs[3], check=2).err


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("command", ["show", "logs"])
def test_an_unknown_job_is_told(farm: Farm, command: str) -> None:
    assert "no job 'nope'; `farm jobs list` shows them" in farm("jobs", command, "nope", check=2).err
