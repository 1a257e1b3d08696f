"""Replay: known inputs that are answered faster than new ones; and the farm's own means, watched for changes."""

import time
from collections.abc import Callable

import pytest

from workers.evidence import integrity, replay, thresholds
from workers.evidence.integrity import Clocks
from workers.evidence.replay import Surprise, surprise
from workers.measure import interval, sampling
from workers.measure.outputs import Beside
from workers.workload import Call


@pytest.mark.parametrize(
    ("found", "fails"),
    [
        (Surprise(1.0, 3), False),
        (Surprise(2.0, 3, again=1.1), False),  # noise
        (Surprise(2.0, 1, again=2.0), True),
        (Surprise(9.0, 3, again=1.0), True),  # remembers only within the timed loop
        (Surprise(9.0, 1, again=1.0), False),
        (Surprise(None, 0, again=3.0), True),
    ],
)
def test_new_inputs_may_take_no_longer_than_known_ones(found: Surprise, fails: bool) -> None:
    assert bool(replay.judge(found).failed) is fails


def test_a_second_look_is_taken_only_where_the_first_was_surprised() -> None:
    def slow() -> None:
        time.sleep(0.02)

    def quick() -> None:
        time.sleep(0.001)

    assert surprise([1.0, 1.0, 1.1], [2], known=quick, new=lambda: slow).again is None
    again = surprise([1.0, 1.0, 3.0], [2], known=quick, new=lambda: slow).again
    assert again is not None and again > 2
    assert surprise([1.0], [], known=quick, new=lambda: quick).timed is None


def test_a_single_surprise_is_looked_at_again() -> None:
    times = iter([0.03, 0.001, 0.001, 0.001, 0.001])  # of calls with new inputs: the first one was held up

    def new() -> Callable[[], None]:
        return lambda: time.sleep(next(times))

    again = surprise([0.002], [], known=lambda: time.sleep(0.001), new=new).again
    assert again is not None and again < 10  # the first alone: 30
    assert next(times, None) is None


def test_a_replaced_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = integrity.seal()
    assert integrity.broken(before) == []
    monkeypatch.setattr(interval, "median_interval", lambda samples: None)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(integrity.Stretch, "clocks", lambda self: Clocks(0, 0))
    changed = integrity.broken(before)
    assert changed == [
        "time.monotonic",
        "workers.evidence.integrity.Stretch.clocks",
        "workers.measure.interval.median_interval",
    ]
    assert "replaced time.monotonic" in integrity.judge(changed, Clocks(1, 1)).failed


@pytest.mark.parametrize(("ours", "fails"), [(10.0, False), (10.01, False), (5.0, True), (20.0, True)])
def test_clocks_must_agree(ours: float, fails: bool) -> None:
    assert bool(integrity.judge([], Clocks(ours, 10.0)).failed) is fails


def test_a_stretch_is_as_long_on_both_clocks() -> None:
    stretch = integrity.Stretch()
    time.sleep(0.05)
    assert not integrity.judge([], stretch.clocks()).failed


def test_what_is_remembered_late_is_seen_beside_its_neighbours() -> None:
    seconds = [1.0] * 100 + [0.3] * 100
    asked = {3: 1.0, 8: 1.1, 110: 1.0, 130: 1.2, 160: 1.0, 190: 0.9}
    for place, taken in asked.items():
        seconds[place] = taken
    found = surprise(seconds, asked, known=time.perf_counter, new=lambda: time.perf_counter)
    assert found.timed is not None and found.timed < 1.5  # by the median of all calls
    assert found.lately == pytest.approx(3.0)
    assert "late in the timed loop" in replay.judge(found).failed
    slow_moment = [1.0] * 100 + [5.0] * 100
    assert not replay.judge(surprise(slow_moment, asked, known=time.perf_counter, new=lambda: time.perf_counter)).failed
    assert surprise([1.0] * 20, [3, 8, 12], known=time.perf_counter, new=lambda: time.perf_counter).lately is None


def test_work_that_is_put_off_until_its_answer_is_read_is_seen() -> None:
    def put_off(seconds: list[float], *reading: float) -> str:
        return replay.put_off(seconds, [Beside(0.0, each) for each in reading]).failed

    assert "took 2.00 times as long as the call" in put_off([0.01, 0.01], 0.02, 0.03)
    assert not put_off([0.01, 0.01], 0.02, 1e-5)  # one of them was interrupted
    assert not put_off([1e-5], 1e-4)
    assert not put_off([0.01])


def test_work_that_is_done_while_inputs_are_placed_is_seen_where_the_device_is_the_host() -> None:
    ahead = [Beside(0.02, 0.0), Beside(0.03, 0.0)]
    assert "placing the inputs of a call took 2.00 times" in replay.put_off([0.01], ahead).failed
    assert not replay.put_off([0.01], ahead, on_host=False).failed


def test_thresholds_defaults_and_fields_are_part_of_the_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = integrity.seal()
    given = sampling.sample.__kwdefaults__
    assert given is not None
    monkeypatch.setitem(thresholds.MOST_ERROR, "fp32", 1e9)
    monkeypatch.setitem(given, "now", time.monotonic_ns)
    monkeypatch.setattr(Call, "end", property(lambda call: call.start))
    changed = integrity.broken(before)
    assert {
        "workers.evidence.thresholds.MOST_ERROR",
        "workers.measure.sampling.sample",
        "workers.workload.Call.end",
    } <= {*changed}
