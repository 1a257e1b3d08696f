"""The fastest is the real result with the shortest median, and a tie is called one."""

import pytest

from farm.queries.ranking import rank
from tests.queries.rows import row


def test_the_fastest_of_each_work_is_told_with_its_lead() -> None:
    rows = [
        row(latency=0.04, half_width=0.001),
        row(latency=0.01, half_width=0.001, platform="openvino"),
        row(latency=0.02, half_width=0.001, precision="bf16"),
        row(latency=1.0, batch_size=8),
    ]
    first, second = rank(rows)
    assert (first.first.variant(), first.tied) == ("openvino fp32", False)
    assert first.lead() == pytest.approx(2)
    assert (second.first.settings(), second.second, second.lead(), second.tied) == (
        "batch 8, tokens 128",
        None,
        None,
        False,
    )


@pytest.mark.parametrize("half_width", [0.001, 0.002])
def test_two_whose_intervals_meet_are_tied(half_width: float) -> None:
    slow, fast = row(latency=0.012, half_width=0.001), row(latency=0.010, half_width=half_width, platform="openvino")
    assert rank([slow, fast])[0].tied


def test_without_an_interval_nothing_is_proven_apart() -> None:
    fast = row(latency=0.01, platform="openvino")
    unknown = fast.metrics["latency"].model_copy(update={"ci_low": None, "ci_high": None})
    assert rank([row(latency=1.0), fast._replace(metrics={"latency": unknown})])[0].tied


@pytest.mark.parametrize("verdict", ["mock", "suspect"])
def test_a_wrong_answer_fast_is_not_ranked(verdict: str) -> None:
    assert rank([row(latency=1.0), row(latency=0.01, platform="openvino", verdict=verdict)])[0].first.platform == "cpu"


@pytest.mark.parametrize("scenario", ["throughput", "server"])
def test_single_calls_alone_are_ranked(scenario: str) -> None:
    assert rank([row(latency=0.01, scenario=scenario)]) == []


def test_what_has_no_latency_is_not_ranked() -> None:
    assert rank([row(latency=None)]) == []
