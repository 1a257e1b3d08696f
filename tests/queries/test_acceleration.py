"""Only like is compared with like: real results, one machine, a base without options, memory of a named place."""

from typing import Any

import pytest

from farm.queries.acceleration import acceleration, geometric_mean, mean_half_interval
from tests.queries.rows import row


def test_a_platform_is_compared_at_equal_precision_and_at_its_best() -> None:
    rows = [
        row(latency=0.04),
        row(latency=0.03, precision="bf16"),
        row(latency=0.02, platform="openvino"),
        row(latency=0.01, platform="openvino", precision="bf16"),
        row(latency=0.005, platform="openvino", precision="int8"),
    ]
    found = acceleration(rows)
    assert [(pair.row.precision, pair.base.precision) for pair in found.equal] == [("fp32", "fp32"), ("bf16", "bf16")]
    assert [pair.speed_up for pair in found.equal] == pytest.approx([2, 3])
    assert [(pair.row.platform, pair.row.precision) for pair in found.best] == [("cpu", "bf16"), ("openvino", "int8")]
    assert [pair.speed_up for pair in found.best] == pytest.approx([4 / 3, 8])
    assert found.alone == ()


@pytest.mark.parametrize(
    "other",
    [
        {"machine_fingerprint": "another"},
        {"batch_size": 8},
        {"sequence_length": 64},
        {"model": "gpt2"},
    ],
)
def test_other_work_or_another_machine_is_not_compared_but_told(other: dict[str, Any]) -> None:
    lonely = row(latency=0.01, platform="openvino", **other)
    found = acceleration([row(latency=0.04), lonely])
    assert (found.equal, found.best, found.alone) == ((), (), (lonely,))


@pytest.mark.parametrize("scenario", ["throughput", "server"])
def test_other_scenarios_are_not_compared_with_single_calls_nor_among_themselves(scenario: str) -> None:
    rows = [row(latency=0.04, scenario=scenario), row(latency=0.01, scenario=scenario, platform="openvino")]
    assert not any(acceleration(rows))
    assert not any(acceleration([row(latency=0.04), rows[1]]))


@pytest.mark.parametrize("verdict", ["mock", "suspect"])
def test_what_is_not_real_is_neither_compared_nor_compared_with(verdict: str) -> None:
    base, other = row(latency=0.04), row(latency=0.01, platform="openvino")
    assert acceleration([base, other._replace(verdict=verdict)]).equal == ()
    assert acceleration([base._replace(verdict=verdict), other]).alone == (other,)


def test_the_base_has_no_options_and_a_compared_result_keeps_its_own() -> None:
    eager = row(latency=0.08, options={"attention": "eager"})
    streams = row(latency=0.01, platform="openvino", options={"streams": 2})
    found = acceleration([eager, row(latency=0.04), streams])
    assert [pair.speed_up for pair in found.equal] == [pytest.approx(4)]
    assert found.equal[0].row.variant() == "openvino fp32 streams=2"
    assert acceleration([eager, streams]).alone == (streams,)


def test_a_gpus_memory_is_the_devices_and_any_others_the_hosts() -> None:
    rows = [
        row(memory=100.0),
        row(platform="openvino", memory=150.0),
        row(platform="cuda", memory=900.0, device_memory_allocated=50.0),
        row(platform="silent"),
    ]
    found = {pair.row.platform: (pair.memory_ratio, pair.memory_of) for pair in acceleration(rows).equal}
    assert found == {"openvino": (1.5, "host"), "cuda": (0.5, "device"), "silent": (None, "")}


def test_a_doubt_about_either_is_a_doubt_about_both() -> None:
    base, other = row(latency=0.04), row(latency=0.01, platform="openvino")
    assert not acceleration([base, other]).equal[0].doubted()
    for pair in ([base._replace(doubts=("noisy_host",)), other], [base, other._replace(doubts=("noisy_host",))]):
        assert acceleration(pair).equal[0].doubted()


def test_ratios_are_averaged_geometrically() -> None:
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)


def test_other_precisions_are_compared_with_the_bases_fp32_on_every_platform() -> None:
    rows = [
        row(latency=0.04),
        row(latency=0.02, precision="bf16"),
        row(latency=0.03, platform="openvino"),
        row(latency=0.01, platform="openvino", precision="bf16"),
    ]
    found = acceleration(rows).across
    assert [pair.sides() for pair in found] == [("cpu", "bf16", "fp32"), ("openvino", "bf16", "fp32")]
    assert [pair.speed_up for pair in found] == pytest.approx([2, 4])


def test_a_speed_up_is_as_sure_as_both_of_its_latencies() -> None:
    rows = [row(latency=0.04, half_width=0.0016), row(latency=0.01, half_width=0.0003, platform="openvino")]
    (pair,) = acceleration(rows).equal
    assert pair.half_interval() == pytest.approx(0.05)  # 4 % and 3 %, at right angles
    assert mean_half_interval([pair] * 4) == pytest.approx(0.05 / 2)
    assert mean_half_interval([]) is None
