"""The states of a job and of an attempt, the moves between them, and the stages of a run."""

from enum import StrEnum
from typing import Final


class JobState(StrEnum):
    """Where a job is. `waiting` is a planned job that no live machine can run; its reason says why."""

    PLANNED = "planned"
    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNSUPPORTED = "unsupported"


class AttemptState(StrEnum):
    """How one try at a job stands or ended."""

    RUNNING = "running"
    DONE = "done"
    DOUBTED = "doubted"  # it brought a doubtful result, which waits for a re-run's word or was replaced by it
    VERIFIED = "verified"  # it gathered the evidence of an older result again, and is no result itself
    CANARY = "canary"  # it says how its machine is, and is no result
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    CANCELLED = "cancelled"
    RELEASED = "released"  # the worker was told to stop and gave the job back
    EXPIRED = "expired"  # the worker stopped renewing its lease


class Stage(StrEnum):
    """What a run was doing; a failure names the stage it happened in."""

    START = "start"
    PREPARE = "prepare"  # build the model, convert it, compute the reference outputs
    LOAD = "load"
    WARMUP = "warmup"
    MEASURE = "measure"
    PROVE = "prove"
    SETTLE = "settle"


#: Who moves a job that begins as done, because its result was taken over from another farm.
ADOPTED: Final = "import"

UNSETTLED: Final = frozenset({JobState.PLANNED, JobState.WAITING, JobState.QUEUED, JobState.RUNNING})
FINAL: Final = frozenset(JobState) - UNSETTLED

#: Every legal move of a job. A retry by a person puts a failed, cancelled or unsupported job back to planned.
LEGAL_MOVES: Final[dict[JobState, frozenset[JobState]]] = {
    JobState.PLANNED: frozenset({JobState.WAITING, JobState.QUEUED, JobState.CANCELLED, JobState.UNSUPPORTED}),
    JobState.WAITING: frozenset({JobState.PLANNED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PLANNED, JobState.WAITING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.UNSUPPORTED, JobState.PLANNED}
    ),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset({JobState.PLANNED}),
    JobState.CANCELLED: frozenset({JobState.PLANNED}),
    JobState.UNSUPPORTED: frozenset({JobState.PLANNED}),
}
