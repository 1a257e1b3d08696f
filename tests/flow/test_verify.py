"""Evidence gathered again as a person types it: embedded broker, a real worker, a real child, real SQLite."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from farm.contract.evidence import Verdict
from farm.database import migrate
from farm.database.engine import open_engine, read
from farm.queries.results import find_results
from farm.queries.verifications import of_result
from farm.reports import performance
from farm.reports.document import Document
from farm.sweeps.catalogue import read_catalogue
from tests import builders
from tests.flow.test_run import FARM, farm

pytestmark = pytest.mark.alone

SWEEP = """
name: proven
models: [fake-model]
platforms: [fake]
options: {fake: {latency: [0.01]}}
measure: {min_iterations: 5, max_iterations: 5, min_seconds: 0, warmup_seconds: 0}
"""


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Engine]:
    """Open the database that commands ask when none is named."""
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'farm.sqlite3'}")
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


def result_of_another_machine(engine: Engine, **options: float) -> str:
    """Give a result of the fake platform that a box of another kind measured long ago."""
    builders.submitted(engine, builders.spec(options=options))
    builders.done(engine, builders.registered(engine, "fake"), job_id=1, verdict=Verdict.MOCK)
    return the_result(engine)


def the_result(engine: Engine) -> str:
    """Give the only result there is."""
    with read(engine) as session:
        (row,) = find_results(session, {})
    return row.attempt


def report(engine: Engine) -> Document:
    with read(engine) as session:
        return performance.build(session, "last", catalogue=read_catalogue())


def test_old_evidence_is_gathered_again_and_kept_beside_the_result(tmp_path: Path, embedded: Engine) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(SWEEP)
    assert "Duty cycle " in farm("run", sweep, "--report", tmp_path / "report").stderr
    result, before = the_result(embedded), report(embedded)
    found = json.loads(farm("verify", result, "-f", "json").stdout)
    (row,) = found["verifications"]
    assert (row["result"], row["outcome"], row["verdict_now"], row["elsewhere"]) == (result, "holds", "mock", "")
    assert row["latency_ratio"] > 0
    identity = next(line for line in found["layers"] if line["layer"] == "identity")
    assert (identity["before"], identity["now"]) == ("fail", "fail")
    at_work = next(line for line in found["figures"] if line["figure"] == "at_work")
    assert (at_work["before"] < 0.5, at_work["now"] < 0.5) == (True, True)
    assert (the_result(embedded), report(embedded)) == (result, before)

    shown = json.loads(farm("results", "show", result, "-f", "json").stdout)
    assert [each["verification"] for each in shown["verifications"]] == [row["verification"]]
    assert shown["proof"][0]["evidence_time"] > 0
    assert {line["fact"] for line in shown["facts"]} >= {"stages.prepare", "stages.load", "stages.measure"}


def test_without_a_machine_of_the_class_it_cannot_be_run_unless_any_will_do(embedded: Engine) -> None:
    result = result_of_another_machine(embedded)
    done = farm("verify", result, "-f", "json", check=3)
    (row,) = json.loads(done.stdout)["verifications"]
    assert (row["outcome"], row["reason"].startswith("needs class:")) == ("not run", True)
    assert "--anywhere" in done.stderr
    (row,) = json.loads(farm("verify", "--all-of", "last", "--anywhere", "-f", "json", check=1).stdout)["verifications"]
    assert (row["outcome"], row["elsewhere"]) == ("differs", "another machine of another class")
    assert "placement: pass before, not applicable now" in row["reason"]


def test_ctrl_c_cancels_it_and_leaves_the_result_alone(embedded: Engine) -> None:
    result = result_of_another_machine(embedded, latency=5.0)
    command = [*FARM, "verify", result, "--anywhere"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert running.stderr is not None
    for line in running.stderr:
        if "fake-model ×" in line:
            break
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    assert builders.states(embedded) == ["done", "cancelled"]
    with read(embedded) as session:
        assert [row.outcome for row in of_result(session, result)] == ["not run"]
