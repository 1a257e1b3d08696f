"""All scenarios through the whole farm on the fake platform: from the file to the report."""

import json
from pathlib import Path

import pytest

from tests.flow.test_run import farm

pytestmark = pytest.mark.alone

SWEEP = """
name: scenarios
models: [fake-model]
platforms: [fake]
scenario: [latency, throughput, server]
throughput: {search_batch_size: [1, 4]}
server: {rate: [50, 400], latency_bound: 0.5, percentile: 90}
options: {fake: {latency: 0.005}}
measure: {min_iterations: 20, min_seconds: 0, max_seconds: 1, warmup_seconds: 0, rel_precision: 0.5, repeats: 2}
"""


def test_every_scenario_runs_and_is_reported_apart(tmp_path: Path) -> None:
    sweep = tmp_path / "scenarios.yaml"
    sweep.write_text(SWEEP)
    farm("run", sweep, "--report", tmp_path / "report")
    rows = json.loads(farm("results", "-f", "json").stdout)
    assert {row["scenario"]: (row["batch_size"], row["latency"] is None) for row in rows} == {
        "latency": (1, False),
        "throughput": (4, False),
        "server 50/s with p90 within 500 ms": (1, True),
        "server 400/s with p90 within 500 ms": (1, True),
    }
    text = (tmp_path / "report.md").read_text()
    assert "## Fake: throughput" in text
    assert "| 1 to 4 | every doubling up to the largest size was tried |" in text
    assert "## Fake: server" in text
    assert "was overloaded: offered 400 queries per second, served" in text
    searched = next(row["result"] for row in rows if row["scenario"] == "throughput")
    shown = json.loads(farm("results", "show", searched, "-f", "json").stdout)
    assert next(row["n"] for row in shown["metrics"] if row["metric"] == "sustained_throughput") == 2  # both repeats
    facts = {row["fact"]: row["value"] for row in shown["facts"]}
    assert facts["batch_search.best"] == "4"
    assert facts["cell"] == "fake-model x fake fp32 batch 1 to 4 throughput latency=0.005"
