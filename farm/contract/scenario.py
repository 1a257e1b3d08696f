"""The scenarios, in MLPerf's words: how the calls of a job follow each other, and the settings that some have."""

from typing import Final, Literal

from pydantic import Field, model_validator

from farm.contract.machine import GIB
from farm.contract.value import Value

Scenario = Literal["latency", "throughput", "server"]
Highest = Literal["highest"]

LATENCY: Final = "latency"
THROUGHPUT: Final = "throughput"
SERVER: Final = "server"
#: The word for the rate that is searched.
HIGHEST: Final[Highest] = "highest"
MILLI: Final = 1e-3


class Throughput(Value):
    """Batches back to back (MLPerf: offline).

    `search_batch_size` is the least and the most of the sizes among which the best is searched; None: the job's own
    batch as it is. `memory_bytes` is what the process may grow by from before loading, or hold on its own device; None:
    what the machine has.
    """

    search_batch_size: tuple[int, int] | None = None
    memory_bytes: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _least_before_most(self) -> "Throughput":
        if self.search_batch_size is not None and not 1 <= self.search_batch_size[0] <= self.search_batch_size[1]:
            raise ValueError(f"search_batch_size {self.search_batch_size} is not a least and a most of 1 or more")
        return self


class Server(Value):
    """Queries that arrive at random, independent of each other, at a mean rate per second (MLPerf: server).

    `highest` is the highest rate at which `percentile` of the latencies stay within `latency_bound` seconds.
    """

    rate: float | Highest
    latency_bound: float | None = Field(None, gt=0)
    percentile: float = Field(99.0, gt=0, lt=100)

    @model_validator(mode="after")
    def _can_be_run(self) -> "Server":
        if self.rate == HIGHEST and self.latency_bound is None:
            raise ValueError(f"rate {HIGHEST} needs a latency_bound")
        if not isinstance(self.rate, str) and self.rate <= 0:
            raise ValueError(f"rate {self.rate:g} is not above 0")
        return self


def words(scenario: str, throughput: Throughput | None = None, server: Server | None = None) -> str:
    """Name a scenario with its settings for people, as in `server 5/s`; a single stream needs no name."""
    if scenario == THROUGHPUT and throughput is not None and throughput.memory_bytes is not None:
        return f"throughput within {throughput.memory_bytes / GIB:g} GiB"
    if scenario == SERVER and server is not None:
        rate = "highest rate" if isinstance(server.rate, str) else f"{server.rate:g}/s"
        if server.latency_bound is None:
            return f"server {rate}"
        return f"server {rate} with p{server.percentile:g} within {server.latency_bound / MILLI:g} ms"
    return "" if scenario == LATENCY else scenario


def batch_words(batch_size: int, throughput: Throughput | None = None) -> str:
    """Name the batch, or the sizes among which the best is searched."""
    if throughput is None or throughput.search_batch_size is None:
        return f"batch {batch_size}"
    least, most = throughput.search_batch_size
    return f"batch {least} to {most}"
