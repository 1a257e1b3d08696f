"""What an attempt brings back: measurements with samples, doubts, evidence and conditions; or a failure."""

from typing import Final

from pydantic import JsonValue

from farm.contract.doubts import Doubt
from farm.contract.evidence import Evidence, Verdict
from farm.contract.job import JobSpec
from farm.contract.states import Stage
from farm.contract.statistics import Statistics
from farm.contract.value import Value

RESULT_VERSION: Final = 1
LONGEST_LOG_TAIL: Final = 16_384  # characters of the child's output kept with every attempt


class Reading(Value):
    """One child's raw samples of one metric, in the metric's unit."""

    metric: str
    samples: tuple[float, ...]


class Measurement(Value):
    """One metric of one attempt: the statistics over all repeats, and each repeat's raw samples."""

    metric: str
    statistics: Statistics
    samples: tuple[tuple[float, ...], ...]


class Outcome(Value):
    """What one child process brings back. `settled` is the job with what a search found, for the repeats after it."""

    readings: tuple[Reading, ...]
    doubts: tuple[Doubt, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    facts: dict[str, JsonValue] = {}  # what ran: library classes, threads, attention, device, revision
    settled: JobSpec | None = None


class Result(Value):
    """What a finished attempt brings back."""

    result_version: int = RESULT_VERSION
    measurements: tuple[Measurement, ...]
    doubts: tuple[Doubt, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict
    conditions: dict[str, JsonValue] = {}
    facts: dict[str, JsonValue] = {}
    log_tail: str = ""


class Failure(Value):
    """Why an attempt has no result. `code` is one of the codes in farm.contract.errors."""

    stage: Stage
    code: str
    error: str  # class name of the original error
    message: str
    log_tail: str = ""
    exit_signal: int | None = None
    peak_memory_bytes: int | None = None
