"""One figure of a result with the interval it is known to: for rankings, costs and pictures. Pure."""

from typing import Final, NamedTuple

from farm.contract.metrics import METRICS
from farm.contract.scenario import LATENCY, SERVER, THROUGHPUT
from farm.queries.results import ResultRow

#: Rates that follow from the time per batch, whose interval is theirs where they have none of their own.
BY_LATENCY: Final = ("throughput", "sustained_throughput")
#: What a result of a scenario is ranked by: the first of these that it has.
RANKED_BY: Final = {
    LATENCY: ("latency",),
    THROUGHPUT: ("sustained_throughput",),
    SERVER: ("highest_rate", "server_latency"),
}


class Bounded(NamedTuple):
    """A median in the metric's unit, its 95 % interval where it has one, and of how many samples it is."""

    metric: str
    figure: float
    low: float | None
    high: float | None
    n: int

    def half(self) -> float | None:
        """Give half the interval as a share of the figure."""
        if self.low is None or self.high is None or not self.figure:
            return None
        return (self.high - self.low) / 2 / self.figure

    def surely_better(self, other: "Bounded") -> bool:
        """Say whether the intervals do not meet, and this one is on the better side; without one nothing is sure."""
        if METRICS[self.metric].better == "higher":
            return self.low is not None and other.high is not None and self.low > other.high
        return self.high is not None and other.low is not None and self.high < other.low

    def times(self, factor: float) -> "Bounded":
        """Give the figure in another measure."""
        low, high = (None if edge is None else edge * factor for edge in (self.low, self.high))
        return self._replace(figure=self.figure * factor, low=low, high=high)


def bounded(row: ResultRow, metric: str) -> Bounded | None:
    """Give a metric of a result; None where it was not measured."""
    found, latency = row.metrics.get(metric), row.metrics.get("latency")
    if found is None:
        return None
    low, high = found.ci_low, found.ci_high
    if (low is None or high is None or found.n == 1) and metric in BY_LATENCY and latency is not None:
        low = None if not latency.ci_high else found.median * latency.median / latency.ci_high
        high = None if not latency.ci_low else found.median * latency.median / latency.ci_low
        return Bounded(metric, found.median, low, high, latency.n)
    return Bounded(metric, found.median, low, high, found.n)


def ranked_by(row: ResultRow) -> Bounded | None:
    """Give the figure by which a result is ranked among those of its scenario."""
    found = (bounded(row, metric) for metric in RANKED_BY[row.scenario])
    return next((each for each in found if each is not None and each.figure > 0), None)
