"""How the farm stands, as Prometheus reads it: asked anew at every scrape, so nothing is counted twice or forgotten."""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from farm.contract.states import AttemptState, JobState
from farm.queries.live import Live
from farm.queries.totals import Totals

QUANTILES: Final = (0.5, 0.95)


class FarmCollector(Collector):
    """Asks for the farm's standing and turns it into metrics; a database that is away is a metric as well."""

    def __init__(self, ask: Callable[[], tuple[Live, Totals]]) -> None:
        """Collect by `ask`."""
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        try:
            seen, sums = self._ask()
        except DBAPIError:
            yield GaugeMetricFamily("farm_database_up", "1 when the database answers", value=0)
            return
        yield GaugeMetricFamily("farm_database_up", "1 when the database answers", value=1)
        yield from _jobs(seen)
        yield from _workers(seen)
        yield from _attempts(sums)


def registry(ask: Callable[[], tuple[Live, Totals]]) -> CollectorRegistry:
    """Make a registry that holds the farm's metrics and nothing else."""
    made = CollectorRegistry()
    made.register(FarmCollector(ask))
    return made


def _jobs(seen: Live) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("farm_jobs", "Jobs by state", labels=["state"])
    for state in JobState:
        jobs.add_metric([state], seen.states.get(state, 0))
    yield jobs
    queues = GaugeMetricFamily("farm_queue_jobs", "Open jobs by queue and state", labels=["queue", "state"])
    fit = GaugeMetricFamily("farm_queue_workers", "Live workers that can take a queue's jobs", labels=["queue"])
    for row in seen.queues:
        for state in (JobState.PLANNED, JobState.WAITING, JobState.QUEUED, JobState.RUNNING):
            queues.add_metric([row.name, state], getattr(row, state))
        fit.add_metric([row.name], row.workers)
    yield queues
    yield fit


def _workers(seen: Live) -> Iterator[Metric]:
    workers = GaugeMetricFamily("farm_workers", "Live workers by what they do", labels=["doing"])
    resting = sum(bool(row.rests) for row in seen.workers)
    running = sum(row.running is not None for row in seen.workers)
    for doing, count in (("rests", resting), ("runs", running), ("idles", len(seen.workers) - resting - running)):
        workers.add_metric([doing], count)
    yield workers


def _attempts(sums: Totals) -> Iterator[Metric]:
    ended = CounterMetricFamily("farm_attempts", "Attempts that ended, by how", labels=["state"])
    for state in AttemptState:
        if state is not AttemptState.RUNNING:
            ended.add_metric([state], sums.attempts.get(state, 0))
    yield ended
    doubts = CounterMetricFamily("farm_doubts", "Doubts about results, by kind", labels=["kind"])
    for kind, count in sorted(sums.doubts.items()):
        doubts.add_metric([kind], count)
    yield doubts
    words = "Seconds from claim to settled, of the attempts of the last hour"
    seconds = GaugeMetricFamily("farm_attempt_seconds", words, labels=["platform", "quantile"])
    for platform, times in sorted(sums.seconds.items()):
        for quantile in QUANTILES:
            seconds.add_metric([platform, f"{quantile:g}"], times[int(quantile * (len(times) - 1))])
    yield seconds
