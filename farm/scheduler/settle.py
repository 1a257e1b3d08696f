"""An attempt ends: its result or failure and the job's move, in one transaction, once.

In: the attempt's token and what the child brought. Out: True when it was written, False when the token no longer
holds (settled before, lease lost, cancelled): then nothing changes.
"""

from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from farm.contract.errors import JobFailure, Unsupported, leaves
from farm.contract.judge import judge
from farm.contract.result import Failure, Result
from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import has_clock
from farm.scheduler import rerun, verify
from farm.scheduler.at_once import settle_at_once
from farm.scheduler.brought import write_brought, write_log
from farm.scheduler.canary import settle_canary
from farm.scheduler.ending import Held, end
from farm.scheduler.moves import Told, burned, move_one


def settle_result(session: Session, token: str, result: Result) -> bool:
    """Write a result and move the job to done; a doubtful one is measured once more where the sweep asks for it.

    The verdict is the one that the evidence earns by the rules of this program, not of the worker's. What a
    verification or a canary brings is compared with older ones, and is no result.
    """
    result = result.model_copy(update={"verdict": judge(result.evidence)})
    found = _bring(session, token, result)
    if found is None:
        return False
    held, moved = found
    if held.verifies:
        verified = verify.settle(session, held.job_id, attempt_id=held.attempt_id, result=result)
        _move_job(session, held, JobState.DONE, reason=f"evidence gathered again: {verified}")
    elif held.is_canary:
        judged = settle_canary(session, held.job_id, attempt_id=held.attempt_id, result=result)
        _move_job(session, held, JobState.DONE, reason=f"canary {judged.standing}: {judged.words()}")
    elif not moved:
        _settle_doubts(session, held, result)
    return True


def _bring(session: Session, token: str, result: Result) -> tuple[Held, bool] | None:
    """End the attempt and write its result; say whether that moved its job too."""
    if has_clock(session):
        return settle_at_once(session, token, result, straight=not rerun.liftable(result))
    values: dict[str, object] = {
        "verdict": result.verdict,
        "conditions": result.conditions,
        "facts": result.facts,
    }
    held = end(session, token, AttemptState.DONE, values=values)
    if held is None:
        return None
    write_brought(session, held.attempt_id, result)
    return held, False


def settle_failure(session: Session, token: str, failure: Failure) -> bool:
    """Write a failure; the job is tried again where that can help and tries are left."""
    unsupported = failure.code == Unsupported.code
    state = AttemptState.UNSUPPORTED if unsupported else AttemptState.FAILED
    held = end(
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
    held = end(session, token, AttemptState.CANCELLED, values={})
    if held is not None:
        _move_job(session, held, JobState.CANCELLED, reason="cancelled while it ran")
    return held is not None


def release(session: Session, token: str, *, reason: str) -> bool:
    """Give a job back unfinished; it does not count as a try."""
    held = end(session, token, AttemptState.RELEASED, values={"message": reason})
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


def _settle_doubts(session: Session, held: Held, result: Result) -> None:
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


def _move_job(session: Session, held: Held, after: JobState, *, reason: str) -> None:
    if after is JobState.PLANNED and cancel_asked(session, held.job_id):
        after, reason = JobState.CANCELLED, f"cancelled while it ran ({reason})"
    told = Told(JobState.RUNNING, after, held.at, held.actor(), reason, held.attempt_id)
    move_one(session, held.job_id, told)
