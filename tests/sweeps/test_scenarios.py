"""The settings of scenarios in a sweep file arrive in the plan, or their mistakes are told."""

import json

import pytest

from farm.contract.scenario import Throughput
from farm.sweeps.plan import Arrivals, SweepPlan
from tests.sweeps.files import START, Found, Load


def test_the_settings_of_scenarios_arrive_in_si_units(load: Load) -> None:
    plan = load(
        START
        + """
scenario: [latency, throughput, server]
throughput: {search_batch_size: [1, 64], memory_gib: 0.5}
server: {rate: [5, highest], latency_bound: 0.1, percentile: 95}
"""
    )
    assert plan.throughput == Throughput(search_batch_size=(1, 64), memory_bytes=2.0**29)
    assert plan.server == Arrivals(rate=(5.0, "highest"), latency_bound=0.1, percentile=95)
    assert SweepPlan.model_validate(json.loads(json.dumps(plan.as_json()))) == plan
    assert load(START + "scenario: server\nserver: {rate: 5}\n").server == Arrivals(rate=(5.0,))


THROUGHPUT = "scenario: throughput\nthroughput: "
SERVER = "scenario: server\nserver: "


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            THROUGHPUT + "{search_batch_size: [64, 1]}",
            "sweep.yaml:5: throughput.search_batch_size: the least, 64, is above the most, 1; write [1, 64]",
        ),
        (
            THROUGHPUT + "{search_batch_size: 8}",
            "sweep.yaml:5: throughput.search_batch_size: found 8; the least and the most batch size are needed, "
            "such as [1, 64]",
        ),
        (
            THROUGHPUT + "{search_batch_size: [1, 2, 4]}",
            "sweep.yaml:5: throughput.search_batch_size: found a list of 3; the least and the most batch size are "
            "needed, such as [1, 64]",
        ),
        (
            THROUGHPUT + "{search_batch_size: [0, 4]}",
            "sweep.yaml:5: throughput.search_batch_size[0]: found 0; a whole number of 1 or more is needed",
        ),
        (
            THROUGHPUT + "{memory_gib: 0}",
            "sweep.yaml:5: throughput.memory_gib: found 0; a number above 0 is needed",
        ),
        (
            THROUGHPUT + "{memory_gb: 4}",
            "sweep.yaml:5: throughput: there is no field 'memory_gb' here; allowed: search_batch_size, memory_gib; "
            "did you mean memory_gib?",
        ),
        (THROUGHPUT + "{}", "sweep.yaml:5: throughput: it says nothing; allowed: search_batch_size, memory_gib"),
        (THROUGHPUT + "8", "sweep.yaml:5: throughput: found 8; a mapping is needed, such as {key: value}"),
        (
            "throughput: {memory_gib: 4}",
            "sweep.yaml:4: throughput: no cell of the sweep has the scenario throughput; add `scenario: throughput`, "
            "or leave this out",
        ),
        (
            SERVER + "{rate: 0}",
            "sweep.yaml:5: server.rate: found 0; queries per second above 0 are needed, or the word highest",
        ),
        (
            SERVER + "{rate: [5, fastest]}",
            "sweep.yaml:5: server.rate[1]: found 'fastest'; queries per second above 0 are needed, or the word highest",
        ),
        (
            SERVER + "{rate: 5, latency_bound: 0.1, percentile: 100}",
            "sweep.yaml:5: server.percentile: found 100; a percentile between 0 and 100 is needed, such as 99",
        ),
        (
            SERVER + "{rate: 5, latency_bound: -1}",
            "sweep.yaml:5: server.latency_bound: found -1; a number above 0 is needed",
        ),
        (
            SERVER + "{rate: 5, percentile: 90}",
            "sweep.yaml:5: server.percentile: a percentile is kept within a latency_bound in seconds; add one, "
            "such as latency_bound: 0.1",
        ),
        (
            SERVER + "{rate: highest}",
            "sweep.yaml:5: server.rate: the rate highest needs a latency_bound in seconds, such as "
            "{rate: highest, latency_bound: 0.1}",
        ),
        (
            SERVER + "{latency_bound: 0.1}",
            "sweep.yaml:5: server: it needs a rate in queries per second, such as {rate: 5}",
        ),
        (
            "server: {rate: 5}",
            "sweep.yaml:4: server: no cell of the sweep has the scenario server; add `scenario: server`, "
            "or leave this out",
        ),
        (
            "scenario: [latency, server]",
            "sweep.yaml:4: scenario: the scenario server needs a rate of arrivals in queries per second; "
            "add `server: {rate: 5}`",
        ),
    ],
)
def test_a_mistake_in_a_scenario_says_what_to_write(mistakes: Found, lines: str, told: str) -> None:
    assert mistakes(START.lstrip("\n") + lines + "\n") == [told]
