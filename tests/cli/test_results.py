"""Results through the command line: filters, and everything about one."""

import json

import pytest

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
    assert set(found) == {"result", "metrics", "evidence", "doubts", "conditions", "facts"}
    assert {row["metric"]: row["median"] for row in found["metrics"]}["latency"] == 0.04
    assert found["doubts"][0]["figure"] == 0.5
    assert {"fact": "torch", "value": "2"} in found["facts"]
    (result,) = found["result"]
    text = farm("results", "show", result["result"]).out
    assert "minilm x openvino fp32 batch 1 tokens 128" in text
    assert "noise =cmd()␛[2J" in text
    assert farm("results", "show", jobs[1], "-f", "csv").out.startswith("metric,unit,n,median")


def test_a_job_without_a_result_has_none_to_show(farm: Farm, jobs: list[str]) -> None:
    assert f"no result '{jobs[2]}'" in farm("results", "show", jobs[2], check=2).err
