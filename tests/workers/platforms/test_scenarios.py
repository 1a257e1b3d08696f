"""A tiny real model in each scenario on both runtimes: proven like any other, at the batch that was found."""

from typing import Any

import pytest

from farm.contract.evidence import Layer
from farm.contract.job import Measure
from farm.contract.scenario import Server, Throughput
from tests.workers.platforms.cells import Cells, failures

pytestmark = pytest.mark.models

HOW = Measure(min_iterations=20, min_seconds=0, max_seconds=2, warmup_seconds=0.2, rel_precision=0.5)
SCENARIOS: dict[str, dict[str, Any]] = {
    "throughput": {"throughput": Throughput(search_batch_size=(1, 4)), "batch_size": 1},
    "server": {"server": Server(rate=50), "batch_size": 1},
}


@pytest.mark.parametrize("platform", ["cpu", "openvino"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_real_model_is_proven_in_every_scenario(platform: str, scenario: str, cells: Cells) -> None:
    found = cells.outcome(platform, "bert", scenario=scenario, measure=HOW, **SCENARIOS[scenario])
    assert failures(found) == {}
    figures = next(each.figures for each in found.evidence if each.layer == Layer.PLAUSIBILITY)
    assert float(str(figures["at_work"])) > 0.5  # of the time of calls: a server waits most of its time
    rows = {each.metric: each.samples for each in found.readings}
    assert rows["roofline_fraction"][0] > 0
    if scenario == "server":
        assert rows["server_latency"]
        assert rows["cpu_utilisation"][0] < 0.9
    else:
        assert found.settled is not None
        assert found.settled.batch_size in (1, 2, 3, 4)
        assert len(rows["sustained_throughput"]) == 1
