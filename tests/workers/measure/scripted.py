"""A server on a clock of its own: calls take the given seconds, and waiting for an arrival costs nothing."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from workers.measure.arrivals import arrivals
from workers.measure.serving import Served, serve


class Server:
    """A workload whose calls take scripted times; the last of them for ever."""

    def __init__(self, *times: float) -> None:
        self._times = times
        self.at = 0
        self.calls = 0

    def now(self) -> int:
        return self.at

    def wait(self, moment: int) -> int:
        self.at = max(self.at, moment)
        return 0

    def call(self) -> tuple[int, Sequence[int]]:
        self.at += round(self._times[min(self.calls, len(self._times) - 1)] * 1e9)
        self.calls += 1
        return self.calls, ()

    def outputs(self, raw: int) -> dict[str, Any]:
        return {}

    def readings(self, calls: object) -> dict[str, list[float]]:
        return {}


class After:
    """Ends a run after so many queries."""

    def __init__(self, queries: int) -> None:
        self._left = queries

    def over(self, latency: float, service: float) -> bool:
        self._left -= 1
        return self._left <= 0

    def known(self, latencies: Sequence[float]) -> bool:
        return False


def served(*times: float, rate: float, queries: int, limit: float = 1e9, seed: int = 0) -> Served:
    """Serve so many queries at a rate."""
    server = Server(*times)
    due = arrivals(rate, seed=seed)
    return serve(server, due, After(queries), limit=limit, now=server.now, wait=server.wait)


def stalling(at: int, seconds: float, *, usual: float) -> list[float]:
    """Give times of which one is long."""
    return [*repeat(usual, at), seconds, usual]
