"""Queries arrive when they arrive: the schedule, the queue, and what a stall or an overload does to it."""

import time
from itertools import islice

import numpy as np
import pytest

from tests.workers.measure.scripted import After, Server, served, stalling
from workers.measure.arrivals import arrivals
from workers.measure.serving import serve
from workers.measure.waiting import SPIN, wait_until


def test_gaps_between_arrivals_are_exponential_with_the_mean_that_was_asked() -> None:
    gaps = np.diff([*islice(arrivals(50, seed=1), 20_000)])
    assert gaps.mean() == pytest.approx(1 / 50, rel=0.03)
    assert gaps.std() == pytest.approx(1 / 50, rel=0.03)  # of an exponential, equal to the mean
    assert (gaps > 3 / 50).mean() == pytest.approx(np.exp(-3), rel=0.1)


def test_a_seed_gives_the_same_arrivals_at_every_rate_on_a_stretched_clock() -> None:
    one, again, other = ([*islice(arrivals(10, seed=seed), 2000)] for seed in (3, 3, 4))
    assert one == again != other
    assert one[0] == 0.0
    assert [*islice(arrivals(5, seed=3), 2000)] == pytest.approx([2 * at for at in one])


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_queries_wait_as_long_as_queueing_theory_says(load: float) -> None:
    """M/D/1: with service times of 1 / mu the mean wait is load / (2 mu (1 - load)) (Pollaczek and Khinchine)."""
    mu = 100.0
    found = served(1 / mu, rate=load * mu, queries=100_000)
    assert np.mean(found.queueing()) == pytest.approx(load / (2 * mu * (1 - load)), rel=0.1)
    assert found.load(load * mu) == pytest.approx(load, rel=1e-6)
    assert found.achieved() == pytest.approx(load * mu, rel=0.02)
    assert found.offered() == pytest.approx(load * mu, rel=0.02)


def test_one_stalled_call_shows_on_all_that_queued_behind_it() -> None:
    smooth = served(0.001, rate=50, queries=500)
    assert max(smooth.latencies()) < 0.02
    found = served(*stalling(200, 0.5, usual=0.001), rate=50, queries=500)
    hit = [latency for latency in found.latencies() if latency > 0.05]
    assert max(hit) == pytest.approx(0.5, abs=0.05)
    assert 15 <= len(hit) <= 35  # as many as arrive in the rest of half a second, where a closed loop would show one
    assert sum(call.end - call.start > 5e7 for call in found.calls) == 1
    assert np.percentile(found.latencies(), 97) > 0.1 > np.percentile(smooth.latencies(), 97)


def test_queries_are_served_in_turn_and_never_before_they_are_due() -> None:
    found = served(0.03, rate=30, queries=300)
    assert all(call.start >= due for call, due in zip(found.calls, found.due, strict=True))
    assert all(later.start >= earlier.end for earlier, later in zip(found.calls, found.calls[1:], strict=False))
    assert found.due == sorted(found.due)


def test_a_server_that_cannot_keep_up_ends_in_time_with_its_queue_counted() -> None:
    found = served(0.1, rate=50, queries=10**9, limit=10)
    assert found.elapsed() == pytest.approx(20, abs=0.2)  # twice the limit: it tries to serve all that came
    assert found.achieved() == pytest.approx(10, rel=0.01)
    assert found.offered() == pytest.approx(50, rel=0.15)
    assert len(found.calls) + found.left == pytest.approx(500, rel=0.15)
    assert found.load(50) == pytest.approx(5)


def test_the_first_query_comes_at_once_however_low_the_rate_is() -> None:
    found = served(0.1, rate=1e-6, queries=10, limit=1)
    assert (len(found.calls), found.left, found.offered()) == (1, 0, None)


def test_what_is_idle_is_counted_and_a_late_start_is_told() -> None:
    found = served(0.01, rate=10, queries=1000)
    assert found.idle / 1e9 == pytest.approx(found.elapsed() - 1000 * 0.01)
    assert set(found.late_starts()) == {0.0}  # on a clock that is never late


def test_a_pause_is_used_to_look_and_may_end_the_run() -> None:
    class Patient(After):
        looked = 0

        def known(self, latencies: object) -> bool:
            self.looked += 1
            server.at += 1_000_000
            return self.looked == 3

    server, patient = Server(0.001), Patient(10_000)
    due = arrivals(20, seed=0)
    found = serve(server, due, patient, limit=1e9, now=server.now, wait=server.wait)
    assert patient.looked == 3
    assert 3 <= len(found.calls) < 20
    assert found.spun == 3_000_000  # a look is the loop's own work, not the model's


def test_waiting_sleeps_and_only_spins_at_the_end() -> None:
    slept: list[float] = []
    clock = iter([0, 9_900_000, *range(9_950_000, 11_000_000, 50_000)])
    spun = wait_until(10_000_000, now=lambda: next(clock), sleep=slept.append)
    assert slept == [(10_000_000 - SPIN) / 1e9]
    assert spun == 100_000


def test_a_real_wait_ends_when_it_is_due() -> None:
    for ahead in (3_000_000, 50_000, -1_000_000):
        moment = time.perf_counter_ns() + ahead
        spun = wait_until(moment)
        assert time.perf_counter_ns() >= moment
        assert 0 <= spun <= SPIN
