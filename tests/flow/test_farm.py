"""A farm by hand: external broker and database, a scheduler, two workers, and a sweep submitted to them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flow.test_run import FARM, farm

pytestmark = pytest.mark.alone

#: What the services of docker-compose.yml run, but for the GPU's.
SERVICES = (("scheduler",), ("worker", "--platform", "cpu"), ("worker", "--platform", "openvino"))
UPGRADE = ("db", "upgrade")
SWEEP = """
name: by-hand
models: [bert-tiny]
platforms: [cpu, openvino]
precision: [fp32, fast]
sequence_length: 32
measure: {min_iterations: 20, min_seconds: 0, max_seconds: 2, rel_precision: 0.2}
"""


@contextmanager
def serving(*commands: tuple[str, ...], log: Path) -> Iterator[None]:
    with log.open("wb") as stream:
        running = [subprocess.Popen([*FARM, *command], stdout=stream, stderr=stream) for command in commands]
        try:
            yield
        finally:
            for process in running:
                process.terminate()
            codes = [process.wait(30) for process in running]
    assert codes == [0] * len(running), log.read_text()


@pytest.mark.models
def test_real_models_through_redis_and_postgres(
    tmp_path: Path, postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(SWEEP)
    monkeypatch.setenv("FARM_DATABASE_URL", postgres_url)
    monkeypatch.setenv("FARM_BROKER_URL", redis_url)
    monkeypatch.setenv("FARM_CANARY_HOURS", "0")
    assert "farm db upgrade" in farm("sweep", "list", check=3).stderr
    farm(*UPGRADE)
    with serving(*SERVICES, log=tmp_path / "log"):
        farm("sweep", "submit", sweep, "--wait")
        live = json.loads(farm("machines", "-f", "json").stdout)
        chosen = json.loads(farm("results", "--platform", "openvino", "--precision", "fp32", "-f", "json").stdout)[0]
        verified = json.loads(farm("verify", chosen["result"], "-f", "json").stdout)
    (row,) = verified["verifications"]
    assert (row["outcome"], row["verdict_before"], row["verdict_now"]) == ("holds", "real", "real"), verified
    assert {(line["before"], line["now"]) for line in verified["layers"]} == {("pass", "pass")}
    results = json.loads(farm("results", "-f", "json").stdout)
    assert sorted((row["platform"], row["precision"]) for row in results) == [
        ("cpu", "bf16"),
        ("cpu", "fp32"),
        ("openvino", "bf16"),
        ("openvino", "fp32"),
    ]
    assert {row["verdict"] for row in results} == {"real"}
    assert len(live) == 1  # two workers, one machine
    assert live[0]["workers"].count("cpu") >= 1
    assert "REAL" in farm("report", "last").stdout


def test_cancel_stops_a_running_job(
    tmp_path: Path, postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("name: c\nmodels: [fake-model]\nplatforms: [fake]\noptions: {fake: {fault: [hang]}}\n")
    monkeypatch.setenv("FARM_DATABASE_URL", postgres_url)
    monkeypatch.setenv("FARM_BROKER_URL", redis_url)
    monkeypatch.setenv("FARM_CANARY_HOURS", "0")
    farm("db", "upgrade")
    with serving(("scheduler",), ("worker", "--platform", "fake"), log=tmp_path / "log"):
        public_id = farm("sweep", "submit", sweep).stdout.strip()
        while json.loads(farm("jobs", "list", "-f", "json").stdout)[0]["state"] != "running":
            pass
        farm("sweep", "cancel", public_id)
        while (state := json.loads(farm("jobs", "list", "-f", "json").stdout)[0]["state"]) == "running":
            pass
    assert state == "cancelled"
