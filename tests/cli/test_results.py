"""Results through the command line: filters, and everything about one."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.cli.conftest import Farm


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "platforms"),
    [
        ((), ["openvino", "cpu"]),
        (("--platform", "cpu"), ["cpu"]),
        (("--model", "minilm", "--verdict", "real"), ["openvino", "cpu"]),
        (("--sweep", "last", "--precision", "fp32", "--family", "text_embedding"), ["openvino", "cpu"]),
        (("--machine", "box", "--scenario", "latency", "--limit", "1"), ["openvino"]),
        (("--precision", "bf16"), []),
    ],
)
def test_filters_let_through_what_they_name(farm: Farm, words: tuple[str, ...], platforms: list[str]) -> None:
    answer = farm("results", *words, "-f", "json")
    assert [row["platform"] for row in json.loads(answer.out)] == platforms
    assert answer.err == ""


@pytest.mark.usefixtures("filled")
def test_a_name_that_nothing_has_is_told_with_the_nearest(farm: Farm) -> None:
    answer = farm("results", "--platform", "opnvino", "-f", "json")
    assert answer == ("[]\n", "no platform is called 'opnvino'; did you mean 'openvino'?\n")
    assert "no machine is called 'zzz'; known: box" in farm("results", "--machine", "zzz").err
    assert "no sweep 'nope'" in farm("results", "--sweep", "nope", check=2).err
    assert "Did you mean '--model'?" in farm("results", "--modle", "minilm", check=2).err


def test_one_result_is_told_whole_by_its_own_or_its_jobs_id(farm: Farm, jobs: list[str]) -> None:
    found = json.loads(farm("results", "show", jobs[1], "-f", "json").out)
    assert set(found) == {
        *("result", "proof", "evidence", "figures", "verifications"),
        *("metrics", "samples", "doubts", "conditions", "facts"),
    }
    assert {row["metric"]: row["median"] for row in found["metrics"]}["latency"] == 0.04
    assert found["doubts"][0]["figure"] == 0.5
    assert {"fact": "torch", "value": "2"} in found["facts"]
    (result,) = found["result"]
    shown = farm("results", "show", result["result"]).out
    assert "minilm x openvino fp32 batch 1 tokens 128" in shown
    assert "noise =cmd()␛[2J" in shown
    assert farm("results", "show", jobs[1], "-f", "csv").out.startswith("metric,unit,n,median")


def test_the_proof_of_a_result_is_told_with_reasons_and_figures(farm: Farm, jobs: list[str], filled: Engine) -> None:
    found = json.loads(farm("results", "show", jobs[0], "-f", "json").out)
    assert found["proof"][0]["verdict"] == "REAL"
    assert found["evidence"][0] == {"layer": "identity", "outcome": "pass", "reason": "as it should be"}
    assert found["figures"] == [{"layer": "identity", "figure": "parameters_in_files", "value": 1000}]
    (samples,) = found["samples"]
    assert (samples["n"], samples["median"], samples["in_order"]) == (20, 0.04, "▁" * 20)
    with filled.begin() as connection:
        connection.execute(text("DELETE FROM evidence WHERE layer = 'placement'"))
        connection.execute(text("UPDATE evidence SET outcome = 'fail', reason = 'slept' WHERE layer = 'plausibility'"))
    (proof,) = json.loads(farm("results", "show", jobs[0], "-f", "json").out)["proof"]
    assert proof["verdict"] == "SUSPECT"
    assert proof["because"] == "placement none: no evidence was gathered; plausibility fail: slept"


def test_what_the_evidence_cost_is_told(farm: Farm, jobs: list[str], filled: Engine) -> None:
    with filled.begin() as connection:
        connection.execute(text("""UPDATE attempt SET facts = '{"stages": {"prove": 0.5}}'"""))
        connection.execute(text("UPDATE attempt SET started_at = datetime(finished_at, '-10 seconds')"))
    (proof,) = json.loads(farm("results", "show", jobs[0], "-f", "json").out)["proof"]
    assert proof["evidence_time"] == 0.5
    assert 4 < proof["evidence_share"] < 6


def test_a_result_is_written_as_a_sweep_that_makes_the_same_job(farm: Farm, jobs: list[str], tmp_path: Path) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(farm("results", "show", jobs[1], "--as-sweep").out)
    assert farm("sweep", "submit", path).out
    rows = json.loads(farm("jobs", "list", "-f", "json").out)
    again, first = rows[0], next(row for row in rows if row["job"] == jobs[1])
    assert again["cell"] == first["cell"]


def test_a_job_without_a_result_has_none_to_show(farm: Farm, jobs: list[str]) -> None:
    assert f"no result '{jobs[2]}'" in farm("results", "show", jobs[2], check=2).err
