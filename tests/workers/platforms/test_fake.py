"""The engine as a whole, on scripted times: real children, real sleeps, known answers."""

from pathlib import Path
from typing import Any

import pytest

from farm.contract.job import Assignment, Measure
from farm.contract.result import Outcome
from tests import builders
from workers import cell
from workers.summary import summarise

HOW = {"min_iterations": 60, "max_iterations": 60, "min_seconds": 0, "warmup_seconds": 0, "rel_precision": 0.5}


def outcome(cache: Path, *, repeat: int = 0, **options: Any) -> Outcome:
    """What a child brings back."""
    spec = builders.spec(options=options, measure=Measure.model_validate(HOW))
    given = Assignment(spec=spec, cache_dir=str(cache), repeat=repeat, threads=1, offline=True)
    return cell.measure(given, lambda _: None)


def latency(found: Outcome) -> tuple[float, ...]:
    return next(each.samples for each in found.readings if each.metric == "latency")


@pytest.mark.parametrize(
    ("options", "doubt"), [({"bimodal": 3.0}, "bimodal"), ({"drift": 0.02}, "drifting")], ids=["bimodal", "drift"]
)
def test_scripted_trouble_is_doubted(model_cache: Path, options: dict[str, Any], doubt: str) -> None:
    assert doubt in {each.kind for each in outcome(model_cache, latency=0.003, **options).doubts}


def test_each_repeat_has_its_own_chance_and_its_own_level(model_cache: Path) -> None:
    found = [outcome(model_cache, repeat=repeat, latency=0.003, between=0.5) for repeat in range(3)]
    medians = [sorted(latency(each))[30] for each in found]
    assert max(medians) > 1.2 * min(medians)
    statistics = next(each.statistics for each in summarise(found) if each.metric == "latency")
    assert statistics.between_stddev is not None
    assert statistics.stddev is not None
    assert statistics.ci_low is not None
    assert statistics.ci_high is not None
    assert statistics.ci_low <= min(medians)
    assert statistics.ci_high >= max(medians)
