"""An attempt ends: its result or failure and the job's move, in one transaction, once.

In: the attempt's token and what the child brought. Out: True when it was written, False when the token no longer
holds (settled before, lease lost, cancelled): then nothing changes.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from farm.contract.errors import JobFailure, Unsupported, leaves
from farm.contract.judge import judge
from farm.contract.metrics import METRICS
from farm.contract.result import Failure, Measurement, Result
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import has_clock, insert_rows, moment
from farm.database.sample_codec import pack
from farm.scheduler import rerun, verify
from farm.scheduler.canary import SWEEPS, settle_canary
from farm.scheduler.moves import Told, burned, move_one

LOG: Final = "log"
ATTEMPT: Final = tables.plain(tables.Attempt)
_MEASUREMENT: Final = tables.plain(tables.Measurement)
MEASUREMENTS: Final = insert(_MEASUREMENT).returning(_MEASUREMENT.c.id, sort_by_parameter_order=True)


class _Held(NamedTuple):
    attempt_id: int
    job_id: int
    actor: str
    at: datetime
    verifies: bool  # its job gathers the evidence of an older result again
    reruns: bool  # its job has brought a doubtful result before
    is_canary: bool


def settle_result(session: Session, token: str, result: Result) -> bool:
    """Write a result and move the job to done; a doubtful one is measured once more where the sweep asks for it.

    The verdict is the one that the evidence earns by the rules of this program, not of the worker's. What a
    verification or a canary brings is compared with older ones, and is no result.
    """
    result = result.model_copy(update={"verdict": judge(result.evidence)})
    held = _end(
        session,
        token,
        AttemptState.DONE,
        values={
            "verdict": result.verdict,
            "conditions": result.conditions,
            "facts": result.facts,
        },
    )
    if held is None:
        return False
    write_measurements(session, held.attempt_id, result.measurements)
    for table, brought in ((tables.Doubt, result.doubts), (tables.Evidence, result.evidence)):
        rows = [{"attempt_id": held.attempt_id, **each.model_dump(mode="json")} for each in brought]
        insert_rows(session, insert(tables.plain(table)), rows)
    write_log(session, held.attempt_id, result.log_tail)
    if held.verifies:
        verified = verify.settle(session, held.job_id, attempt_id=held.attempt_id, result=result)
        _move_job(session, held, JobState.DONE, reason=f"evidence gathered again: {verified}")
    elif held.is_canary:
        judged = settle_canary(session, held.job_id, attempt_id=held.attempt_id, result=result)
        _move_job(session, held, JobState.DONE, reason=f"canary {judged.standing}: {judged.words()}")
    else:
        _settle_doubts(session, held, result)
    return True


def settle_failure(session: Session, token: str, failure: Failure) -> bool:
    """Write a failure; the job is tried again where that can help and tries are left."""
    unsupported = failure.code == Unsupported.code
    state = AttemptState.UNSUPPORTED if unsupported else AttemptState.FAILED
    held = _end(
        session,
        token,
        state,
        values={
            "stage": failure.stage,
            "code": failure.code,
            "error": failure.error[:255],
            "message": failure.message,
            "exit_signal": failure.exit_signal,
            "peak_memory_bytes": failure.peak_memory_bytes,
        },
    )
    if held is None:
        return False
    write_log(session, held.attempt_id, failure.log_tail)
    reason = f"{failure.code} in {failure.stage}: {failure.message}"
    if can_help(failure.code) and tries_left(session, held.job_id):
        _move_job(session, held, JobState.PLANNED, reason=f"to be tried again after {reason}")
    elif rerun.fall_back(session, held.job_id):
        _move_job(session, held, JobState.DONE, reason=f"the doubtful result stands; its re-run ended: {reason}")
    elif unsupported:
        _move_job(session, held, JobState.UNSUPPORTED, reason=failure.message)
    else:
        _move_job(session, held, JobState.FAILED, reason=reason)
    return True


def settle_cancelled(session: Session, token: str) -> bool:
    """End an attempt whose job a person cancelled."""
    held = _end(session, token, AttemptState.CANCELLED, values={})
    if held is not None:
        _move_job(session, held, JobState.CANCELLED, reason="cancelled while it ran")
    return held is not None


def release(session: Session, token: str, *, reason: str) -> bool:
    """Give a job back unfinished; it does not count as a try."""
    held = _end(session, token, AttemptState.RELEASED, values={"message": reason})
    if held is not None:
        _move_job(session, held, JobState.PLANNED, reason=reason)
    return held is not None


def can_help(code: str) -> bool:
    """Say whether another try can help after a failure with this code."""
    failure = leaves().get(code)
    return failure is not None and issubclass(failure, JobFailure) and failure.retry


def tries_left(session: Session, job_id: int) -> bool:
    """Say whether a job may be tried again."""
    most = session.execute(select(tables.Job.max_attempts).where(tables.Job.id == job_id)).scalar_one()
    return burned(session, job_id) < most


def cancel_asked(session: Session, job_id: int) -> bool:
    """Say whether a person cancelled a job while it ran; nobody can, between the answer and the move that follows."""
    asked = select(tables.Job.cancel_requested).where(tables.Job.id == job_id).with_for_update()
    return session.execute(asked).scalar_one()


def _settle_doubts(session: Session, held: _Held, result: Result) -> None:
    """Move the job to done, or back to planned for its one re-run; a re-run's outcome is kept with its facts."""
    first = rerun.doubted(session, held.job_id) if held.reruns else None
    if first is not None:
        told = rerun.decide(session, first, result)
        facts: dict[str, JsonValue] = {**result.facts, "rerun": told}
        session.execute(update(tables.Attempt).where(tables.Attempt.id == held.attempt_id).values(facts=facts))
        _move_job(session, held, JobState.DONE, reason=f"measured again after doubts; outcome: {told['outcome']}")
    elif rerun.asked(session, held.job_id, result):
        rerun.put_aside(session, held.attempt_id)
        kinds = ", ".join(doubt.kind for doubt in result.doubts)
        _move_job(session, held, JobState.PLANNED, reason=f"to be measured once more: {kinds}")
    else:
        _move_job(session, held, JobState.DONE, reason="")


def _end(session: Session, token: str, state: AttemptState, *, values: dict[str, object]) -> _Held | None:
    """End the attempt, and learn in the same round trip what kind of job it belongs to."""
    ended = session.execute(_ending(server=has_clock(session)), {"the_token": token, "state": state, **values}).first()
    if ended is None:
        return None
    attempt_id, job_id, at, worker, *kinds = ended
    return _Held(attempt_id, job_id, f"worker {worker}", at, *map(bool, kinds))


@cache
def _ending(*, server: bool) -> ReturningUpdate[Any]:
    """Build the conditional update that ends an attempt, once."""
    at, earlier, verification = moment(server=server), ATTEMPT.alias(), tables.plain(tables.Verification)
    worker, job = tables.plain(tables.Worker), tables.plain(tables.Job)
    canaries = select(tables.Sweep.id).where(SWEEPS)
    job_id = ATTEMPT.c.job_id
    doubted = (earlier.c.job_id == job_id) & (earlier.c.state == AttemptState.DOUBTED)
    return (
        update(ATTEMPT)
        .where(ATTEMPT.c.token == bindparam("the_token"), ATTEMPT.c.state == AttemptState.RUNNING)
        .values(finished_at=at)
        .returning(
            ATTEMPT.c.id,
            job_id,
            at.label("at"),
            select(worker.c.name).where(worker.c.id == ATTEMPT.c.worker_id).scalar_subquery(),
            select(verification.c.id).where(verification.c.job_id == job_id).exists(),
            select(earlier.c.id).where(doubted).exists(),
            select(job.c.id).where(job.c.id == job_id, job.c.sweep_id.in_(canaries)).exists(),
        )
    )


def _move_job(session: Session, held: _Held, after: JobState, *, reason: str) -> None:
    if after is JobState.PLANNED and cancel_asked(session, held.job_id):
        after, reason = JobState.CANCELLED, f"cancelled while it ran ({reason})"
    told = Told(JobState.RUNNING, after, held.at, held.actor, reason, held.attempt_id)
    move_one(session, held.job_id, told)


def write_measurements(session: Session, attempt_id: int, measurements: Sequence[Measurement]) -> None:
    """Write the statistics and the raw samples of an attempt's metrics."""
    if not measurements:
        return
    rows = [
        {"attempt_id": attempt_id, "metric": each.metric, "unit": METRICS[each.metric].unit}
        | each.statistics.model_dump()
        for each in measurements
    ]
    made = session.execute(MEASUREMENTS, rows).scalars().all()
    packed = [pack(each.samples) for each in measurements]
    samples = [
        {"measurement_id": measurement_id, "counts": counts, "data": data}
        for measurement_id, (counts, data) in zip(made, packed, strict=True)
    ]
    insert_rows(session, insert(tables.plain(tables.Samples)), samples)


def write_log(session: Session, attempt_id: int, log: str) -> None:
    """Write the tail of a log; an empty one is none."""
    if log:
        session.execute(insert(tables.plain(tables.Artifact)), {"attempt_id": attempt_id, "kind": LOG, "content": log})
