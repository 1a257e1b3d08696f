"""Plausibility: figures in, outcome out; and a process that sleeps, or takes the same time for any input, is seen."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farm.contract.evidence import Evidence, Outcome
from tests.builders import spec
from workers.evidence import plausibility
from workers.evidence.plausibility import AtWork, Growth, Sizes, growth, not_told, other_size
from workers.measure.roofline import Bandwidth, Pass, Peak, Roof, Work, position

SURE = Peak(rate=1e9, error=0.05)
ROOF = Roof(device="box", compute={"fp32": SURE}, bandwidths=(Bandwidth(working_set=2**20, peak=SURE),))
WORK = Work(once=(Pass(flops=1e6, weights=10),))  # a millisecond at least
GROWN = Growth("batch 2 against 1", work=2.0, time=1.8, calls=3)


def judged(*, seconds: float = 0.002, at_work: float = 1.0, grows: Growth = GROWN) -> Evidence:
    stands = position(WORK, ROOF, precision="fp32", seconds=seconds, new_tokens=None)
    return plausibility.judge(stands=stands, at_work=at_work, threads=2, grows=grows)


def test_a_call_below_the_roof_by_a_busy_process_that_takes_longer_for_more_is_plausible() -> None:
    found = judged()
    assert (found.outcome, found.figures["roofline_fraction"]) == (Outcome.PASS, 0.5)
    assert judged(grows=not_told("compiled")).reason.endswith("growth not judged: compiled")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seconds": 0.0005}, "the roof or the result is wrong"),
        ({"at_work": 0.1}, "it mostly slept"),
        ({"at_work": 3.9}, "3.9 threads were at work in the timed loop, the job may use 2"),
        ({"grows": GROWN._replace(time=1.05)}, "2.00 times the work took 1.05 times as long"),
    ],
)
def test_each_implausible_figure_fails_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    found = judged(**changes)
    assert found.outcome is Outcome.FAIL
    assert reason in found.reason


def test_sleeping_is_told_from_working() -> None:
    asleep = AtWork()
    time.sleep(0.2)
    assert asleep.share() < 0.5
    working = AtWork()
    until = time.perf_counter() + 0.2
    while time.perf_counter() < until:
        pass
    assert working.share() > 0.5


def test_what_a_server_waits_for_arrivals_is_neither_sleep_nor_work() -> None:
    mostly_idle = AtWork()
    time.sleep(0.2)
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass
    assert mostly_idle.share(idle=0.2) > 0.5
    spinning = AtWork()
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass
    time.sleep(0.05)
    assert spinning.share(idle=0.05, spun=0.05) < 0.5


def test_another_size_is_what_the_work_can_be_halved_by() -> None:
    ids = {"input_ids": np.zeros((1, 8), dtype=np.int64)}
    steps = Work(once=WORK.once, step=Pass(1e6, 10))
    tokens = other_size(spec(sequence_length=8, new_tokens=8), ids, steps)
    text = other_size(spec(sequence_length=8), ids, WORK)
    many = other_size(spec(batch_size=4), {"pixels": np.zeros((4, 3))}, WORK)
    single = other_size(spec(), {"pixels": np.zeros((1, 3))}, WORK)
    assert not any(isinstance(each, str) for each in (tokens, text, many, single))
    assert [each.name for each in (tokens, text, many, single)] == [  # type: ignore[union-attr]
        "8 new tokens against 4",
        "8 tokens against 4",
        "batch 4 against 2",
        "batch 2 against 1",
    ]
    assert text.inputs["input_ids"].shape == (1, 4)  # type: ignore[union-attr]
    assert single.inputs["pixels"].shape == (2, 3)  # type: ignore[union-attr]
    assert other_size(spec(options={"compile": True}), ids, WORK) == "this call is compiled for one size"


class Timed:
    """A family whose calls take a time for each row, or always the same."""

    def __init__(self, *, fixed: float, per_row: float, error: Exception | None = None) -> None:
        self._fixed, self._per_row, self._error = fixed, per_row, error

    def workload(self, engine: object, inputs: dict[str, Any], *rest: object) -> "Timed.Work":
        return Timed.Work(self._fixed + self._per_row * len(inputs["pixels"]), self._error)

    class Work:
        def __init__(self, seconds: float, error: Exception | None) -> None:
            self._seconds, self._error = seconds, error

        def call(self) -> None:
            if self._error:
                raise self._error
            time.sleep(self._seconds)


def looked(family: Timed, *, work: Work = WORK) -> Growth:
    inputs = {"pixels": np.zeros((4, 3))}
    usual = family.workload(None, inputs)
    sizes = Sizes(
        engine=None,
        family=family,  # type: ignore[arg-type]
        folder=Path(),
        spec=spec(batch_size=4),
        call=usual.call,
        seconds=[usual._seconds] * 20,
        roof=ROOF,
    )
    return growth(sizes, inputs, work)


def test_time_that_grows_with_the_batch_is_seen_and_constant_time_too() -> None:
    heavy = Work(once=(Pass(flops=1e7, weights=10),))  # ten milliseconds of the twenty that a call takes
    honest = looked(Timed(fixed=0.0, per_row=0.005), work=heavy)
    assert (honest.name, honest.work) == ("batch 4 against 2", 2.0)
    assert judged(grows=honest).outcome is Outcome.PASS
    assert judged(grows=looked(Timed(fixed=0.02, per_row=0.0), work=heavy)).outcome is Outcome.FAIL


def test_what_cannot_be_told_has_a_reason() -> None:
    assert "too little to be felt" in looked(Timed(fixed=1.0, per_row=0.0)).missing
    same = Work(once=(Pass(flops=1.0, weights=2**20),))
    assert "nearly the same work" in looked(Timed(fixed=0.0, per_row=0.001), work=same).missing
    heavy = Work(once=(Pass(flops=1e7, weights=10),))
    refused = looked(Timed(fixed=0.0, per_row=0.005, error=RuntimeError("static shape")), work=heavy)
    assert "takes no other size (RuntimeError)" in refused.missing
