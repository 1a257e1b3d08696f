"""Every listing in every format: answers on stdout, nothing else there, and nothing that harms its reader."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import WILD, Farm

pytestmark = pytest.mark.usefixtures("filled")

LISTINGS = {
    "sweep list": ("sweep", "name", "created_at", "jobs", "settled", "states", "labels"),
    "sweep show last": ("sweep", "name", "created_at", "jobs", "settled", "states", "labels"),
    "jobs list": ("job", "sweep", "cell", "state", "attempts", "reason"),
    "results": ("result", "model", "platform", "precision", "batch_size", "latency", "latency_p95", "throughput"),
    "machines": ("machine", "cpu", "cores", "memory", "gpus", "fingerprint", "workers", "last_seen_at"),
    "models": ("model", "family", "stands_for", "parameters"),
}

#: How many lines below a listing explain its figures to people.
NOTES = {"sweep show last": 2}


@pytest.mark.parametrize("words", LISTINGS)
def test_every_format_has_the_same_rows(farm: Farm, words: str) -> None:
    found = {form: farm(*words.split(), "--format", form) for form in ("table", "json", "csv", "markdown")}
    assert {answer.err for answer in found.values()} == {""}
    rows = json.loads(found["json"].out)
    assert rows
    assert tuple(rows[0])[: len(LISTINGS[words])] == LISTINGS[words]
    lines = list(csv.reader(io.StringIO(found["csv"].out)))
    assert (lines[0], len(lines)) == (list(rows[0]), 1 + len(rows))
    assert len(found["markdown"].out.splitlines()) == 2 + len(rows)
    assert len(found["table"].out.splitlines()) == 2 + len(rows) + NOTES.get(words, 0)


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_what_people_wrote_is_text(farm: Farm, form: str) -> None:
    for words in ("sweep list", "jobs list"):
        assert "\x1b" not in farm(*words.split(), "-f", form).out
    rows = list(csv.DictReader(io.StringIO(farm("jobs", "list", "-f", "csv").out)))
    assert rows[2]["reason"] == "python_error in measure: =cmd()␛[2J"
    assert json.loads(farm("sweep", "list", "-f", "json").out)[0]["labels"] == f"purpose={WILD}"


def run_into(stdout: int) -> tuple[int, str]:
    """How a listing ends that is written there, and what it says."""
    command = [sys.executable, "-c", "from farm.cli import main; main()", "results"]
    done = subprocess.run(command, check=False, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, done.stderr


def test_what_cannot_be_written_ends_in_words() -> None:
    with Path("/dev/full").open("w") as full:
        assert run_into(full.fileno()) == (3, "error: cannot write the answer: No space left on device\n")


def test_a_reader_may_leave() -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        assert run_into(ours) == (141, "")
    finally:
        os.close(ours)


def test_an_empty_database_gives_empty_listings(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARM_DATABASE_URL")
    assert farm("results", "-f", "json").out == "[]\n"
    assert farm("sweep", "list", "-f", "csv").out.splitlines() == ["sweep,name,created_at,jobs,settled,states,labels"]
    assert "there is no sweep yet" in farm("report", check=2).err


def test_a_limit_is_kept_and_must_be_sensible(farm: Farm) -> None:
    assert len(json.loads(farm("jobs", "list", "-n", "2", "-f", "json").out)) == 2
    assert "--limit" in farm("jobs", "list", "-n", "0", check=2).err
    assert "'xml' is not one of" in farm("jobs", "list", "-f", "xml", check=2).err
