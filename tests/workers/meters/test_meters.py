"""Meters are found by their file, and what they read is stored."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from farm.contract import metrics
from farm.contract.metrics import Metric
from farm.contract.result import Outcome, Reading
from tests.workers.platforms.test_fake import outcome
from workers import meters
from workers.meter import meters_in
from workers.summary import summarise

pytestmark = pytest.mark.alone

ONE = """
from workers.meter import Meter


class Doors(Meter):
    def before_calls(self):
        self.opened = 0

    def after_calls(self):
        self.opened += 3

    def readings(self, calls, *, batch_size):
        return {"doors": [float(self.opened)]}

    def facts(self):
        return {"doors_of": self.device}


METER = Doors
"""


def test_a_new_meter_is_one_file_and_one_row(
    tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "doors.py").write_text(ONE)
    (tmp_path / "_helper.py").write_text("raise RuntimeError('nobody may import this as a meter')\n")
    monkeypatch.setattr(meters, "__path__", [*meters.__path__, str(tmp_path)])
    monkeypatch.setitem(metrics.METRICS, "doors", Metric("doors", "1", "neither", "Doors", "Doors opened."))
    monkeypatch.delitem(sys.modules, "workers.meters.doors", raising=False)
    found = outcome(model_cache)
    assert Reading(metric="doors", samples=(3.0,)) in found.readings
    assert found.facts["doors_of"] == "host"
    stored = {each.metric: each.statistics.median for each in summarise([found])}
    assert stored["doors"] == 3.0


def test_every_meter_has_a_file_and_every_reading_a_row(model_cache: Path) -> None:
    names = {path.stem for path in Path(meters.__file__ or "").parent.glob("[a-z]*.py")}
    assert names == {"energy", "memory", "processor", "speed"}
    assert {type(each) for each in meters_in(meters, device="host")} == {
        import_module(f"workers.meters.{name}").METER for name in names
    }
    found: Outcome = outcome(model_cache)
    assert {each.metric for each in found.readings} >= {"latency", "throughput", "cpu_time", "memory_growth"}
    assert "energy_source" in found.facts or "energy_absent" in found.facts
    assert summarise([found])
