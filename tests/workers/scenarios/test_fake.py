"""Each scenario as a child runs it, on the fake platform: real clocks, real sleeps, calls of known length."""

from pathlib import Path
from typing import Any

import pytest

from farm.contract.doubts import DoubtKind
from farm.contract.errors import OutOfMemory
from farm.contract.job import Assignment, Measure
from farm.contract.machine import GIB
from farm.contract.result import Outcome
from farm.contract.scenario import Server, Throughput
from tests import builders
from workers import cell
from workers.measure.footprint import Footprint
from workers.summary import summarise

QUICK: dict[str, Any] = {"min_iterations": 20, "min_seconds": 0, "warmup_seconds": 0, "rel_precision": 0.5}


def outcome(cache: Path, scenario: str, *, call: float, max_seconds: float = 30.0, **settings: Any) -> Outcome:
    """What a child brings back, of calls of so many seconds."""
    how = Measure(**{**QUICK, "max_seconds": max_seconds})
    spec = builders.spec(scenario=scenario, options={"latency": call}, measure=how, **settings)
    return cell.measure(Assignment(spec=spec, cache_dir=str(cache), threads=1, offline=True), lambda _: None)


def readings(found: Outcome) -> dict[str, tuple[float, ...]]:
    assert summarise([found])  # every reading has a row in the table of metrics
    return {each.metric: each.samples for each in found.readings}


def told(found: Outcome, fact: str) -> dict[str, Any]:
    facts: Any = found.facts[fact]
    return dict(facts)


# ---- throughput


def test_the_best_batch_is_searched_and_measured_and_every_size_is_kept(model_cache: Path) -> None:
    found = outcome(model_cache, "throughput", call=0.005, throughput=Throughput(search_batch_size=(1, 8)))
    search = told(found, "batch_search")
    assert (search["best"], search["ended"]) == (8, "every doubling up to the largest size was tried")
    assert [one["batch_size"] for one in search["tried"]] == [1, 2, 4, 8]
    assert all(one["memory_bytes"] >= 0 and one["items_per_second"] > 0 for one in search["tried"])
    assert found.settled is not None
    assert (found.settled.batch_size, found.settled.throughput) == (8, None)
    assert 500 < readings(found)["sustained_throughput"][0] < 8 / 0.005
    assert readings(found)["loop_time"][0] > sum(readings(found)["latency"])  # the search's time is in it


def test_a_search_of_the_batch_without_time_is_doubted(model_cache: Path) -> None:
    asked = Throughput(search_batch_size=(1, 1024))
    found = outcome(model_cache, "throughput", call=0.01, throughput=asked, max_seconds=0.1)
    assert told(found, "batch_search")["ended"] == "the time for the search ended"
    (doubt,) = [each for each in found.doubts if "one up to 1024 may give more" in each.detail]
    assert 0.5 < doubt.figure < 1


def test_a_batch_as_given_is_measured_back_to_back(model_cache: Path) -> None:
    found = outcome(model_cache, "throughput", call=0.002, batch_size=4)
    assert found.settled is None
    assert readings(found)["sustained_throughput"][0] < 4 / 0.002
    assert "batch_search" not in found.facts


def test_where_not_even_the_least_batch_fits_the_job_says_what_it_needs(
    model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Footprint, "growth", lambda _: 2.0 * GIB)
    said = r"batch size 2: the memory limit was reached: 2 GiB are needed \(limit: 1 GiB\)"
    with pytest.raises(OutOfMemory, match=said):
        outcome(model_cache, "throughput", call=0.002, batch_size=2, throughput=Throughput(memory_bytes=GIB))


# ---- server


def test_a_server_tells_latency_from_the_arrival_and_no_latency_of_single_calls(model_cache: Path) -> None:
    found = outcome(model_cache, "server", call=0.002, server=Server(rate=100, latency_bound=0.5, percentile=90))
    rows = readings(found)
    assert not {"latency", "latency_per_item", "throughput"} & rows.keys()
    waited = zip(rows["server_latency"], rows["queueing_time"], rows["service_time"], strict=True)
    assert all(whole == pytest.approx(queued + served) for whole, queued, served in waited)
    assert 0.1 < float(str(found.facts["load"])) < 1
    assert found.facts["within_bound"] == 1.0
    assert len(rows["server_latency"]) >= 100
    assert rows["loop_time"][0] > sum(rows["service_time"])
    assert told(found, "late_start_seconds")["n"] > 10
    assert {"offered_rate", "achieved_rate", "memory_growth"} <= rows.keys()


def test_a_rate_that_cannot_be_reached_is_explained_and_has_no_percentiles(model_cache: Path) -> None:
    found = outcome(model_cache, "server", call=0.02, server=Server(rate=200))
    (doubt,) = [each for each in found.doubts if each.kind == DoubtKind.OVERLOADED]
    assert doubt.figure > 3
    assert "200 queries per second were offered and" in doubt.detail
    assert "the queue was still growing" in doubt.detail
    assert not {"server_latency", "queueing_time"} & readings(found).keys()
    assert told(found, "overloaded")["left"] > 20
    assert readings(found)["achieved_rate"][0] < 50
    assert readings(found)["loop_time"][0] < 5  # it ends when that is certain, long before its limit


def test_the_highest_rate_that_holds_a_bound_is_searched_and_measured(model_cache: Path) -> None:
    asked = Server(rate="highest", latency_bound=0.1, percentile=80)
    found = outcome(model_cache, "server", call=0.01, server=asked, max_seconds=3)
    search = told(found, "rate_search")
    (highest,) = readings(found)["highest_rate"]
    assert search["highest"] == highest
    assert 5 < highest < 100  # no more than 100 calls of 10 ms fit into a second
    assert all(step["rate"] <= highest or not step["holds"] for step in search["steps"])
    assert found.settled is not None
    assert found.settled.server is not None
    assert found.settled.server.rate == highest
    assert readings(found)["loop_time"][0] < 4 * 3  # whatever happens, it ends


def test_a_bound_below_one_call_holds_at_no_rate_and_says_why(model_cache: Path) -> None:
    asked = Server(rate="highest", latency_bound=0.001, percentile=80)
    found = outcome(model_cache, "server", call=0.005, server=asked, max_seconds=1)
    assert readings(found)["highest_rate"] == (0.0,)
    assert told(found, "rate_search")["ended"] == "even a call that waits for nothing takes longer than the bound"
    assert found.facts["within_bound"] == 0.0


def test_a_search_without_time_claims_no_more_than_it_knows(model_cache: Path) -> None:
    asked = Server(rate="highest", latency_bound=1, percentile=99)
    found = outcome(model_cache, "server", call=0.005, server=asked, max_seconds=0.05)
    (doubt,) = [each for each in found.doubts if "the search ended by its time" in each.detail]
    assert doubt.kind == DoubtKind.IMPRECISE
    assert 0 < doubt.figure <= 1
