"""Questions about verifications: what each found, beside what was found before."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from farm.contract.evidence import Evidence
from farm.contract.job import JobSpec
from farm.contract.states import UNSETTLED, AttemptState, JobState
from farm.contract.verification import VerificationOutcome
from farm.database import tables

TIMED: Final = "latency"


class Side(NamedTuple):
    """What was found at one time: where, with which software, and the proof."""

    attempt: str
    machine: str
    host: str
    machine_fingerprint: str
    environment: dict[str, Any]
    verdict: str
    evidence: tuple[Evidence, ...]
    latency: float | None  # median, in seconds


class VerificationRow(NamedTuple):
    """One verification of one result. Without an `after`, the evidence is not gathered yet, or could not be."""

    sweep: str
    job: str
    cell: str
    state: str  # of the job
    outcome: str | None
    reason: str
    asked_at: datetime
    finished_at: datetime | None
    before: Side
    after: Side | None

    def told(self) -> str:
        """Give the outcome in a word; the job's state while there is none."""
        return self.outcome or self.state

    def latency_ratio(self) -> float | None:
        """Give the median latency now in that of before; it is no evidence."""
        if self.after is None or not self.before.latency or not self.after.latency:
            return None
        return self.after.latency / self.before.latency

    def elsewhere(self) -> str:
        """Say where it ran, if not where the result did."""
        if self.after is None:
            return ""
        alike = self.after.machine_fingerprint == self.before.machine_fingerprint
        if self.after.host == self.before.host:
            return "" if alike else "the same machine, changed since"
        return f"another machine of {'the same' if alike else 'another'} class"

    def changes(self) -> tuple[str, ...]:
        """Name the software that is another than before, as in `torch 2.12 → 2.13`."""
        return () if self.after is None else tuple(_changes(self.before.environment, self.after.environment))


def of_result(session: Session, attempt: str) -> list[VerificationRow]:
    """Give the verifications of a result, the newest first, by its attempt's public id."""
    return _rows(session, tables.Attempt.public_id == attempt)


def of_sweep(session: Session, sweep: str) -> list[VerificationRow]:
    """Give the verifications of a sweep of them, in its order."""
    return _rows(session, tables.Sweep.public_id == sweep)[::-1]


def _rows(session: Session, which: ColumnElement[bool]) -> list[VerificationRow]:
    again = aliased(tables.Attempt)
    found = session.execute(
        select(tables.Verification, tables.Job, tables.Sweep.public_id, tables.Attempt.id, again.id)
        .join(tables.Job, tables.Job.id == tables.Verification.job_id)
        .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
        .join(tables.Attempt, tables.Attempt.id == tables.Verification.attempt_id)
        .outerjoin(again, (again.job_id == tables.Job.id) & (again.state == AttemptState.VERIFIED))
        .where(which)
        .order_by(tables.Verification.id.desc())
    ).all()
    sides = _sides(session, [each for row in found for each in (row[3], row[4]) if each is not None])
    return [
        VerificationRow(
            sweep=sweep,
            job=job.public_id,
            cell=JobSpec.model_validate(job.spec).cell(),
            state=job.state,
            outcome=_outcome(verification, job),
            reason="" if verification.outcome == VerificationOutcome.HOLDS else verification.reason or job.reason,
            asked_at=job.created_at,
            finished_at=job.finished_at,
            before=sides[before],
            after=sides.get(after),
        )
        for verification, job, sweep, before, after in found
    ]


def _outcome(verification: tables.Verification, job: tables.Job) -> str | None:
    """Give the outcome; a job that ended without gathering evidence was not run."""
    over = job.state not in UNSETTLED and job.state != JobState.DONE
    return verification.outcome or (VerificationOutcome.NOT_RUN if over else None)


def _sides(session: Session, attempts: Sequence[int]) -> dict[int | None, Side]:
    found = session.execute(
        select(tables.Attempt, tables.Machine, tables.Environment.facts)
        .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
        .join(tables.Environment, tables.Environment.id == tables.Attempt.environment_id)
        .where(tables.Attempt.id.in_(attempts))
    ).all()
    evidence: dict[int, list[Evidence]] = {}
    proven = select(tables.Evidence).where(tables.Evidence.attempt_id.in_(attempts)).order_by(tables.Evidence.id)
    for item in session.execute(proven).scalars():
        evidence.setdefault(item.attempt_id, []).append(Evidence.model_validate(item, from_attributes=True))
    timed = select(tables.Measurement.attempt_id, tables.Measurement.median).where(
        tables.Measurement.attempt_id.in_(attempts), tables.Measurement.metric == TIMED
    )
    medians = {row.attempt_id: row.median for row in session.execute(timed)}
    return {
        attempt.id: Side(
            attempt=attempt.public_id,
            machine=machine.name,
            host=machine.host_id,
            machine_fingerprint=machine.fingerprint,
            environment=environment,
            verdict=attempt.verdict or "",
            evidence=tuple(evidence.get(attempt.id, ())),
            latency=medians.get(attempt.id),
        )
        for attempt, machine, environment in found
    }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in ("python", "kernel"):
        if before[name] != after[name]:
            yield f"{name} {before[name]} → {after[name]}"
    then, now = before["packages"] | before["drivers"], after["packages"] | after["drivers"]
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name} {then.get(name, 'none')} → {now.get(name, 'none')}"
