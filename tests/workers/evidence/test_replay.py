"""Replay: known inputs that are answered faster than new ones; and the farm's own means, watched for changes."""

import time

import pytest

from workers.evidence import integrity, replay
from workers.evidence.integrity import Clocks
from workers.evidence.replay import Surprise, surprise
from workers.measure import interval


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
