"""Results through the command line: filters, and everything about one."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from farm.contract.scenario import Server
from tests.builders import NOISE
from tests.cli.conftest import Farm
from tests.queries.histories import Box, cell, seconds


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
    assert answer.err == ("page 1 of 2: 2 results\n" if "--limit" in words else "")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "platforms"),
    [
        (("--where", "platform=cpu"), ["cpu"]),
        (("--where", "platform~open", "--where", "batch_size<=1"), ["openvino"]),
        (("--where", "latency<50ms", "--where", "doubts=0"), ["cpu"]),
        (("--where", "latency.p95>=0.04", "--where", "sequence_length=128"), ["openvino", "cpu"]),
        (("--where", "memory_growth>1MiB"), []),
        (("--where", "memory_growth>=1MiB", "--where", "platform!=cpu"), ["openvino"]),
        (("--where", "option.attention=eager"), []),
        (("--where", "label.purpose~cmd", "--since", "1h", "--name", "nightly"), ["openvino", "cpu"]),
        (("--since", "2020-01-01", "--until", "2020-02-01"), []),
        (("--label", "purpose=other"), []),
        (("--sort", "platform"), ["cpu", "openvino"]),
        (("--sort", "-platform"), ["openvino", "cpu"]),
        (("--sort", "finished_at"), ["cpu", "openvino"]),
    ],
)
def test_questions_in_words(farm: Farm, words: tuple[str, ...], platforms: list[str]) -> None:
    answer = farm("results", *words, "-f", "json")
    assert [row["platform"] for row in json.loads(answer.out)] == platforms


@pytest.mark.usefixtures("filled")
def test_pages_follow_each_other(farm: Farm) -> None:
    pages = [farm("results", "--limit", "1", "--page", str(page), "-f", "json") for page in (1, 2, 3)]
    assert [[row["platform"] for row in json.loads(page.out)] for page in pages] == [["openvino"], ["cpu"], []]
    assert [page.err for page in pages] == [f"page {page} of 2: 2 results\n" for page in (1, 2, 3)]


def test_doubted_results_stand_in_no_pivot_unless_asked_for(farm: Farm, box: Box) -> None:
    box.ran([(cell(), seconds(0.02))], doubts=(NOISE,))
    answer = farm("results", "--pivot", "platform", "-f", "json")
    assert answer == ("[]\n", "none of 1 result is real and undoubted; --doubtful takes doubted ones in\n")
    (line,) = json.loads(farm("results", "--pivot", "platform", "--doubtful", "-f", "json").out)
    assert line == {"model": "minilm", "cpu": 0.02}
    (group,) = json.loads(farm("results", "--group", "model", "--doubtful", "-f", "json").out)
    assert (group["results"], group["sound"], group["best_latency"]) == (1, 1, 0.02)


def test_work_of_other_settings_has_a_line_of_its_own(farm: Farm, box: Box) -> None:
    servers = [cell(scenario="server", server=Server(rate=rate)) for rate in (5.0, 50.0)]
    box.ran([(each, seconds(0.02)) for each in servers])
    lines = json.loads(farm("results", "--pivot", "platform", "-f", "json").out)
    assert [line["scenario"] for line in lines] == ["server 5/s", "server 50/s"]


def test_results_in_groups_and_over_columns(farm: Farm, box: Box) -> None:
    cells = [(cell(platform=platform), seconds(level)) for platform, level in (("cpu", 0.02), ("openvino", 0.01))]
    box.ran(cells)
    box.ran([(cell(), seconds(0.04)), (cell(batch_size=8), seconds(0.08))])
    groups = json.loads(farm("results", "--group", "platform", "--group", "batch_size", "-f", "json").out)
    assert list(groups[0]) == [
        *("platform", "batch_size", "results", "sound"),
        *("best_latency", "median_latency", "worst_latency"),
    ]
    assert [list(group.values()) for group in groups] == [
        ["cpu", 8, 1, 1, 0.08, 0.08, 0.08],
        ["cpu", 1, 2, 2, 0.02, 0.03, 0.04],
        ["openvino", 1, 1, 1, 0.01, 0.01, 0.01],
    ]
    assert json.loads(farm("results", "--pivot", "platform", "-f", "json").out) == [
        {"model": "minilm", "batch_size": 1, "cpu": 0.04, "openvino": 0.01},
        {"model": "minilm", "batch_size": 8, "cpu": 0.08, "openvino": None},
    ]
    assert "10.0 ms" in farm("results", "--pivot", "platform", "-f", "markdown").out
    (row,) = json.loads(farm("results", "--metric", "latency", "--where", "batch_size=8", "-f", "json").out)
    assert (row["latency"], row["settings"]) == (0.08, "batch 8, tokens 128")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--where", "batchsize>=8"), "no field 'batchsize'; did you mean batch_size?"),
        (("--where", "latency.p59<1"), "no field 'latency.p59'; did you mean latency.p99?"),
        (("--where", "batch_size"), "cannot read the condition 'batch_size'; write FIELD"),
        (("--where", "batch_size>=eight"), "batch_size is compared with a figure in plain numbers"),
        (("--where", "latency<10MiB"), "which may end in s, ms, us, µs, min, not '10MiB'"),
        (("--where", "model<b"), "model is text"),
        (("--where", "latency~1"), "~ (contains) is for text"),
        (("--sort", "speed"), "no field 'speed'"),
        (("--group", "modle"), "results cannot be grouped by 'modle'"),
        (("--pivot", "platfrom"), "did you mean platform?"),
        (("--pivot", "platform", "--group", "model"), "give --group or --pivot, not both"),
        (("--metric", "latenzy"), "no metric is called 'latenzy'; did you mean latency?"),
        (("--label", "purpose"), "a label is asked for as NAME=VALUE"),
        (("--since", "tomorrow"), "'tomorrow' is no point in time"),
        (("--since", "1h", "--until", "2h"), "nothing can lie between 1h and 2h"),
        (("--verdict", "rael"), "no verdict is called 'rael'; did you mean real?"),
    ],
)
def test_mistakes_of_a_question_are_told(farm: Farm, words: tuple[str, ...], told: str) -> None:
    assert told in farm("results", *words, check=2).err


@pytest.mark.usefixtures("filled")
def test_a_name_that_nothing_has_is_told_with_the_nearest(farm: Farm) -> None:
    answer = farm("results", "--platform", "opnvino", "-f", "json")
    assert answer == ("[]\n", "no platform is called 'opnvino'; did you mean openvino?\n")
    assert "no machine is called 'zzz'; known: box" in farm("results", "--machine", "zzz").err
    assert "no label purpose is called 'cmb'" in farm("results", "--label", "purpose=cmb").err
    assert "no label is called 'porpoise'; did you mean purpose?" in farm("results", "--label", "porpoise=x").err
    assert "no sweep 'nope'" in farm("results", "--sweep", "nope", check=2).err
    assert "Did you mean one of: '--model', '--name'?" in farm("results", "--modle", "minilm", check=2).err


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
