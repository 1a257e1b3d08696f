"""The doctor tells what is wrong and how to mend it."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from farm.cli import doctor
from farm.contract.errors import EnvironmentFault
from farm.contract.machine import Environment, Machine, PlatformStatus, Probe
from farm.database import migrate
from farm.database.engine import read, write
from farm.scheduler.settle import settle_result
from tests.builders import claimed, registered, result, spec, submitted
from tests.cli.conftest import Farm

PROBE = Probe(
    machine=Machine(
        host_id="h", name="box", cpu_model="CPU", architecture="x86_64", cores=2, threads=2, memory_bytes=1, system="L"
    ),
    environment=Environment(python="3.11", kernel="6", packages={}),
    platforms=(
        PlatformStatus(platform="cpu", available=True),
        PlatformStatus(platform="cuda", available=False, reason="no driver"),
    ),
)


@pytest.fixture(autouse=True)
def _quick_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the seconds of a real probe away; one test asks the real one."""
    monkeypatch.setattr(doctor, "ask_workers", lambda *_: PROBE.model_dump_json())


def checks(out: str) -> dict[str, tuple[str, str]]:
    return {row["check"]: (row["state"], row["detail"]) for row in json.loads(out)}


def test_a_healthy_box_needs_nothing(farm: Farm) -> None:
    found = checks(farm("doctor", "-f", "json").out)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["broker"][1] == "the embedded broker starts and answers"
    assert found["platforms"][1] == "can run cpu (cuda: no driver)"


def test_a_farm_with_its_own_services_is_healthy(farm: Farm, postgres_url: str, redis_url: str) -> None:
    farm("db", "upgrade", "--db", postgres_url)
    found = checks(farm("doctor", "--db", postgres_url, "--broker", redis_url, "-f", "json").out)
    assert {state for state, _ in found.values()} == {"ok"}


def test_what_is_wrong_does_not_hide_the_rest(farm: Farm, postgres_url: str) -> None:
    answer = farm("doctor", "--db", postgres_url, "--broker", "redis://:s3cret@127.0.0.1:1/0", "-f", "json", check=3)
    found = checks(answer.out)
    assert {name: state for name, (state, _) in found.items()} == {
        "database": "wrong",
        "clock": "ok",
        "broker": "wrong",
        "platforms": "ok",
    }
    assert "run: farm db upgrade" in found["database"][1]
    assert "no broker at" in found["broker"][1]
    assert "s3cret" not in answer.out


def test_a_newer_database_is_told(farm: Farm, empty_engine: Engine) -> None:
    migrate.upgrade(empty_engine)
    with empty_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    url = empty_engine.url.render_as_string(hide_password=False)
    found = checks(farm("doctor", "--db", url, "-f", "json", check=3).out)
    assert "install a newer benchmark-farm" in found["database"][1]


def test_a_clock_that_is_off_is_told(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.cli.doctor.time.time", lambda: 0.0)
    assert "synchronise them (NTP)" in checks(farm("doctor", "-f", "json", check=3).out)["clock"][1]


def test_workers_that_do_not_answer_are_told(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise EnvironmentFault("the workers of this box did not answer: no torch")

    monkeypatch.setattr(doctor, "ask_workers", broken)
    assert "no torch" in farm("doctor", check=3).out


def test_the_audit_of_a_sound_database_finds_nothing(farm: Farm, filled: Engine) -> None:
    del filled
    answer = farm("doctor", "--audit", "-f", "json")
    assert json.loads(answer.out) == []
    assert "nothing is wrong" in answer.err


def test_the_audit_says_by_job_what_is_wrong_and_what_to_do(farm: Farm, filled: Engine, jobs: list[str]) -> None:
    with filled.begin() as connection:
        connection.execute(text("UPDATE attempt SET state = 'expired' WHERE job_id = 1"))
    (found,) = json.loads(farm("doctor", "--audit", "-f", "json", check=1).out)
    assert found["job"] == jobs[0]
    assert "done attempts: 0" in found["wrong"]
    assert f"farm jobs show {jobs[0]}" in found["mend"]


def test_the_audit_holds_a_sweep_to_its_end(farm: Farm, filled: Engine, jobs: list[str]) -> None:
    del filled
    found = json.loads(farm("doctor", "--audit", "--sweep", "last", "-f", "json", check=1).out)
    assert [row["job"] for row in found] == [jobs[3]]
    assert "no sweep 'nope'" in farm("doctor", "--audit", "--sweep", "nope", check=2).err
    assert "--audit --sweep" in farm("doctor", "--sweep", "last", check=2).err


@pytest.mark.parametrize(
    ("name", "job_of", "words"),
    [
        ("{running}.json", 0, "is a result that waits to be settled"),
        ("{running}.part", 0, "can settle nothing: its attempt is running"),
        ("{done}.json", 1, "can settle nothing: its attempt is done"),
        ("strange.json", None, "is of no attempt in this database"),
    ],
)
def test_the_audit_sees_what_lies_in_the_spool(
    farm: Farm, filled: Engine, tmp_path: Path, name: str, job_of: int | None, words: str
) -> None:
    submitted(filled, spec(seed=1), spec(seed=2))
    worker = registered(filled, "fake", name="other")
    with read(filled) as session:
        first = session.execute(text("SELECT min(id) FROM job WHERE sweep_id = 2")).scalar_one()
    running = claimed(filled, worker, job_id=first)
    settled = claimed(filled, worker, job_id=first + 1)
    with write(filled) as session:
        settle_result(session, settled.token, result())
    file = tmp_path / "data" / "spool" / name.format(running=running.token, done=settled.token)
    file.parent.mkdir(parents=True)
    file.write_text("")
    os.utime(file, (0, 0))
    (found,) = json.loads(farm("doctor", "--audit", "-f", "json", check=1).out)
    assert words in found["wrong"]
    assert found["job"] == ("" if job_of is None else (running, settled)[job_of].public_id)
