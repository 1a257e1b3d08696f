"""The roofline: what limits a call, how far below it stands, and a roof that is measured, kept and only raised."""

from pathlib import Path

import pytest

from workers.measure import peaks
from workers.measure.roofline import Bandwidth, Pass, Peak, Position, Roof, Work, position

MIB = 2**20


def roof(*, compute: float = 100e9, memory: float = 10e9, error: float = 0.05) -> Roof:
    """Computes 100 GFLOP/s in fp32, twice that in bf16; reads 50 GB/s from a cache of a few MiB, 10 GB/s beyond."""
    return Roof(
        device="box",
        compute={"fp32": Peak(rate=compute, error=error), "bf16": Peak(rate=2 * compute, error=error)},
        bandwidths=(
            Bandwidth(working_set=MIB, peak=Peak(rate=5 * memory, error=error)),
            Bandwidth(working_set=64 * MIB, peak=Peak(rate=memory, error=error)),
        ),
    )


def placed(work: Work, *, seconds: float = 1.0, precision: str = "fp32", new_tokens: int | None = None) -> Position:
    return position(work, roof(), precision=precision, seconds=seconds, new_tokens=new_tokens)


def one(flops: float, weights: float) -> Work:
    return Work(once=(Pass(flops=flops, weights=weights),))


def test_much_arithmetic_is_bound_by_compute_and_many_weights_by_memory() -> None:
    computing = placed(one(50e9, 20e6))
    assert (computing.binds, computing.floor, computing.fraction) == ("compute", 0.5, 0.5)
    reading = placed(one(1e9, 1e9))
    assert (reading.binds, reading.floor) == ("memory", 0.4)


def test_narrow_weights_are_fewer_bytes_and_a_faster_type_may_be_computed_in() -> None:
    assert placed(one(0, 1e9), precision="int8").bytes == 1e9
    assert placed(one(50e9, 20e6), precision="bf16").floor == 0.25
    assert placed(one(50e9, 20e6), precision="int8").floor == 0.25


def test_weights_that_fit_into_a_cache_are_held_against_its_bandwidth() -> None:
    assert placed(one(0, MIB)).floor == pytest.approx(4 * MIB / 50e9)
    assert placed(one(0, 1000)).floor == 0.0  # smaller than any working set that was measured: no limit is claimed


def test_generation_is_a_prompt_and_steps_that_grow() -> None:
    work = Work(once=(Pass(1e9, 1e6),), step=Pass(1e6, 1e6, 10), growth=Pass(100, 0, 2))
    assert placed(work, new_tokens=1).flops == 1e9
    assert placed(work, new_tokens=4).flops == 1e9 + 3e6 + 100 * (0 + 1 + 2)
    assert placed(work, new_tokens=4).bytes == 4 * (4e6 + 30 + 2 * (0 + 1 + 2))


def test_a_batch_reads_its_weights_once() -> None:
    twice = one(1e9, 1e6).scaled(2)
    assert twice.once == (Pass(2e9, 1e6),)


@pytest.mark.parametrize(("seconds", "above"), [(0.51, False), (0.48, False), (0.47, True)])
def test_only_beyond_the_error_of_the_roof_is_a_call_above_it(seconds: float, above: bool) -> None:
    assert placed(one(50e9, 20e6), seconds=seconds).above is above


def test_a_roof_taken_among_much_other_work_knows_little() -> None:
    assert roof().widened(0.5).flops("fp32").error == 1.0
    assert roof().widened(0.5).error() == 1.0
    assert roof().widened(0.0) == roof()


def test_the_higher_of_two_measurements_stays_and_both_bound_it() -> None:
    both = roof(compute=100e9, memory=20e9, error=1.0).raised(roof(compute=150e9, memory=10e9, error=2.0))
    assert both.flops("fp32") == Peak(rate=150e9, error=200e9 / 150e9 - 1)
    assert both.bandwidth(64 * MIB) == Peak(rate=20e9, error=0.5)
    assert roof(compute=300e9).raised(roof(compute=100e9)).flops("fp32") == Peak(rate=300e9, error=0.05)


def test_a_roof_is_measured_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([roof(), roof(compute=300e9)])
    monkeypatch.setattr(peaks, "measured", lambda device, *, threads: next(found))
    where = {"threads": 1, "cache_dir": tmp_path}
    assert peaks.roof("host", **where) == peaks.roof("host", **where) == roof()  # type: ignore[arg-type]
    higher = peaks.raised("host", threads=1, cache_dir=tmp_path)
    assert higher.flops("fp32") == Peak(rate=300e9, error=0.05)
    assert peaks.roof("host", threads=1, cache_dir=tmp_path) == higher


@pytest.mark.models
def test_this_machine_has_a_roof() -> None:
    found = peaks.measured("host", threads=1)
    assert set(found.compute) == {"fp32", "fp16", "bf16", "int8"}
    assert found.flops("int8").rate >= found.flops("fp32").rate > 1e8
    assert found.bandwidths[-1].working_set > found.bandwidths[0].working_set
    assert all(each.peak.error >= 0.05 for each in found.bandwidths)
