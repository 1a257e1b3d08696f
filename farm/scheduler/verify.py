"""The evidence of an old result is gathered again: by a job of its own, whose attempt is never a result.

In: the ids of results. Out: a sweep of jobs for them, and once each has settled, whether the old evidence holds.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.contract.evidence import Evidence
from farm.contract.job import JobSpec
from farm.contract.requirement import Requirement, class_tag
from farm.contract.result import Result
from farm.contract.states import UNSETTLED, AttemptState
from farm.contract.verification import Proof, VerificationOutcome, differences, spec_again
from farm.database import tables
from farm.scheduler.cancel import cancel
from farm.scheduler.enlist import SHARED_POOL, Submission, enlist

NAME: Final = "verify"


class Wish(NamedTuple):
    """What is to be verified, and how: the public ids of attempts that are results."""

    attempts: Sequence[str]
    priority: int
    max_attempts: int
    anywhere: bool = False  # on any machine that meets the job's needs, not only on one of the same class


def ask(session: Session, wish: Wish, *, pool_of: Callable[[str], str] = lambda _: SHARED_POOL) -> str:
    """Write one job for each result, in a sweep of their own; give that sweep's id.

    Raises: UnknownName when one of them is no result.
    """
    found = _originals(session, wish.attempts)
    submission = Submission(
        name=NAME,
        plan={},
        source="",
        labels={},
        priority=wish.priority,
        max_attempts=wish.max_attempts,
        cells=[(_spec(each, anywhere=wish.anywhere), None) for each in found],
    )
    public_id = enlist(session, submission, pool_of=pool_of)
    here = tables.Job.sweep_id == select(tables.Sweep.id).where(tables.Sweep.public_id == public_id).scalar_subquery()
    jobs = session.execute(select(tables.Job.id).where(here).order_by(tables.Job.position)).scalars()
    rows = [{"attempt_id": each.attempt_id, "job_id": job, "reason": ""} for each, job in zip(found, jobs, strict=True)]
    session.execute(insert(tables.Verification), rows)
    return public_id


def settle(session: Session, job_id: int, *, attempt_id: int, result: Result) -> VerificationOutcome | None:
    """Say whether a result's evidence holds, now that its verifying job has settled; None for any other job.

    The attempt, done a moment ago, becomes one that is no result.
    """
    asked = session.execute(
        select(tables.Verification.id, tables.Attempt)
        .join(tables.Attempt, tables.Attempt.id == tables.Verification.attempt_id)
        .where(tables.Verification.job_id == job_id)
    ).one_or_none()
    if asked is None:
        return None
    row_id, original = asked
    after = Proof(verdict=result.verdict, evidence=result.evidence, facts=result.facts)
    found = differences(_proof(session, original), after)
    outcome = VerificationOutcome.DIFFERS if found else VerificationOutcome.HOLDS
    _set(session, tables.Verification.id == row_id, outcome=outcome, reason="; ".join(found))
    session.execute(
        update(tables.Attempt)
        .where(tables.Attempt.id == attempt_id)
        .values(state=AttemptState.VERIFIED)
        .execution_options(synchronize_session=False)
    )
    return outcome


def give_up(session: Session, sweep: str) -> None:
    """Cancel what is left of a sweep of verifications; why each could not be run is kept, as far as it is known."""
    here = tables.Job.sweep_id == select(tables.Sweep.id).where(tables.Sweep.public_id == sweep).scalar_subquery()
    open_jobs = session.execute(
        select(tables.Job.id, tables.Job.reason).where(here, tables.Job.state.in_(UNSETTLED))
    ).all()
    for job in open_jobs:
        which = (tables.Verification.job_id == job.id) & tables.Verification.outcome.is_(None)
        _set(session, which, outcome=VerificationOutcome.NOT_RUN, reason=job.reason or "cancelled")
    cancel(session, sweep)


class _Original(NamedTuple):
    attempt_id: int
    spec: JobSpec
    facts: dict[str, JsonValue]
    fingerprint: str  # of its machine


def _originals(session: Session, public_ids: Sequence[str]) -> list[_Original]:
    """Give the results of these ids, in their order.

    Raises: UnknownName when one of them is no result.
    """
    found = {
        row.public_id: _Original(row.id, JobSpec.model_validate(row.spec), row.facts or {}, row.fingerprint)
        for row in session.execute(
            select(tables.Attempt.id, tables.Attempt.public_id, tables.Attempt.facts)
            .add_columns(tables.Job.spec, tables.Machine.fingerprint)
            .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
            .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
            .where(tables.Attempt.public_id.in_(public_ids), tables.Attempt.state == AttemptState.DONE)
        )
    }
    unknown = [public_id for public_id in public_ids if public_id not in found]
    if unknown:
        raise UnknownName(f"no result {', '.join(unknown)}; `farm results` lists them")
    return [found[public_id] for public_id in dict.fromkeys(public_ids)]


def _spec(original: _Original, *, anywhere: bool) -> JobSpec:
    spec = spec_again(original.spec, original.facts)
    if anywhere:
        return spec
    need = spec.requirement
    alike = Requirement(tags=(*need.tags, class_tag(original.fingerprint)), minimum=need.minimum, machine=need.machine)
    return spec.model_copy(update={"requirement": alike.canonical()})


def _proof(session: Session, attempt: tables.Attempt) -> Proof:
    rows = session.execute(select(tables.Evidence).where(tables.Evidence.attempt_id == attempt.id)).scalars()
    evidence = tuple(Evidence.model_validate(row, from_attributes=True) for row in rows)
    return Proof(verdict=attempt.verdict or "", evidence=evidence, facts=attempt.facts or {})


def _set(session: Session, which: ColumnElement[bool], *, outcome: VerificationOutcome, reason: str) -> None:
    session.execute(
        update(tables.Verification)
        .where(which)
        .values(outcome=outcome, reason=reason)
        .execution_options(synchronize_session=False)
    )
