"""Each machine repeats its canary: when a worker starts, every so often, and again at once when one is off.

In: live workers, and canaries that settled. Out: jobs in sweeps of their own; what each says of its machine, kept with
its attempt, whose state keeps it apart from results; and the reason why a machine that drifts takes no jobs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.orm import Session

from farm.contract.annotations import AnnotationKind
from farm.contract.canary import METRIC, SWEEP, CanaryStanding, Judgement, canary_spec, canary_tags, judge_canary
from farm.contract.doubts import DoubtKind
from farm.contract.requirement import Offer
from farm.contract.result import Result
from farm.contract.states import UNSETTLED, AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.enlist import SHARED_POOL, Submission, enlist
from farm.scheduler.register import live_workers

PRIORITY: Final = 100  # before what people submit
TRIES: Final = 2
AGAIN: Final = timedelta(minutes=30)  # between two canaries while the last one does not say that all is well
READ: Final = 100  # of the latest canaries of a machine
FACT: Final = "canary"  # where a canary's attempt keeps what it said

#: What others do to a box; a processor that is slowed down for its heat is the machine's own affair.
DISTURBING: Final = frozenset({DoubtKind.NOISY_HOST, DoubtKind.SHARED_HOST})
#: Sweeps of canaries: nobody wrote a file for them.
SWEEPS: Final = (tables.Sweep.name == SWEEP) & (tables.Sweep.source == "")


def enlist_due(session: Session, *, every: timedelta, silence: timedelta) -> str | None:
    """Write a job for each canary that is due, in one sweep; give its id, or None where none is."""
    at = now(session)
    started: dict[str, datetime] = {}
    for worker in live_workers(session, pool=SHARED_POOL, silence=silence):
        for tag in canary_tags(worker.offer):
            started[tag] = max(worker.started_at, started.get(tag, worker.started_at))
    latest = _latest_jobs(session, [*started], since=at - every)
    due = [tag for tag, since in sorted(started.items()) if _due(latest.get(tag), since=since, at=at, every=every)]
    return _enlist(session, due) if due else None


def settle_canary(session: Session, job_id: int, *, attempt_id: int, result: Result) -> Judgement:
    """Judge a canary that has settled, and ask for a second one where it is off.

    The attempt, done a moment ago, becomes one that is no result.
    """
    queue = session.execute(select(tables.Job.queue).where(tables.Job.id == job_id)).scalar_one()
    seconds = next(each.statistics.median for each in result.measurements if each.metric == METRIC)
    disturbed = any(doubt.kind in DISTURBING for doubt in result.doubts)
    found = _judged(session, queue, attempt_id=attempt_id, seconds=seconds, disturbed=disturbed)
    told: dict[str, JsonValue] = {**found._asdict()}
    session.execute(
        update(tables.Attempt)
        .where(tables.Attempt.id == attempt_id)
        .values(state=AttemptState.CANARY, facts={**result.facts, FACT: told})
        .execution_options(synchronize_session=False)
    )
    if found.standing is CanaryStanding.OFF:
        spec = session.execute(select(tables.Job.spec).where(tables.Job.id == job_id)).scalar_one()
        _enlist(session, spec["requirement"]["tags"])
    return found


def drifting(session: Session, offer: Offer) -> str | None:
    """Say why a worker with this offer should take no jobs but canaries; None when it may."""
    for tag in canary_tags(offer):
        latest = session.execute(_canaries(canary_spec(tag).requirement.queue()).limit(1)).one_or_none()
        if latest is None or _said(latest.facts)["standing"] != CanaryStanding.DRIFTS or latest.known:
            continue
        judged = Judgement(**_said(latest.facts))
        return (
            f"quarantined until its canary is well again: {canary_spec(tag).cell()} takes {judged.words()}, twice in a "
            f"row; if that is known, go on with: farm trend ack {latest.public_id} --note WHY"
        )
    return None


class _Job(NamedTuple):
    state: str
    created_at: datetime
    well: bool


def _due(latest: _Job | None, *, since: datetime, at: datetime, every: timedelta) -> bool:
    if latest is None:
        return True
    if latest.state in UNSETTLED:
        return False
    pause = every if latest.well else min(AGAIN, every)
    return latest.created_at < max(since, at - pause)


def _latest_jobs(session: Session, tags: Sequence[str], *, since: datetime) -> dict[str, _Job]:
    """Give the latest canary of each of these tags that has one on its way, or has had one since then."""
    tag_of = {canary_spec(tag).requirement.queue(): tag for tag in tags}
    lately = tables.Job.sweep_id.in_(select(tables.Sweep.id).where(SWEEPS, tables.Sweep.created_at > since))
    newest = select(func.max(tables.Job.id)).where(
        tables.Job.queue.in_(tag_of), tables.Job.state.in_(UNSETTLED) | lately
    )
    found = session.execute(
        select(tables.Job.queue, tables.Job.state, tables.Job.created_at, tables.Attempt.facts)
        .outerjoin(tables.Attempt, _of_canary())
        .where(tables.Job.id.in_(newest.group_by(tables.Job.queue)))
    )
    return {
        tag_of[row.queue]: _Job(
            row.state,
            row.created_at,
            row.facts is None or _said(row.facts)["standing"] == CanaryStanding.WELL,
        )
        for row in found
    }


def _said(facts: dict[str, Any] | None) -> dict[str, Any]:
    """Give what a canary said, as its attempt keeps it."""
    said: dict[str, Any] = (facts or {})[FACT]
    return said


def _of_canary() -> ColumnElement[bool]:
    return (tables.Attempt.job_id == tables.Job.id) & (tables.Attempt.state == AttemptState.CANARY)


def _enlist(session: Session, tags: Sequence[str]) -> str:
    cells = [(canary_spec(tag), None) for tag in tags]
    submission = Submission(
        name=SWEEP, plan={}, source="", labels={}, priority=PRIORITY, max_attempts=TRIES, cells=cells
    )
    return enlist(session, submission)


def _judged(session: Session, queue: str, *, attempt_id: int, seconds: float, disturbed: bool) -> Judgement:
    """Hold a figure against those of the same work with the same software; what people know begins a new row."""
    own = select(tables.Attempt.environment_id, tables.Job.fingerprint).join(tables.Job)
    environment, work = session.execute(own.where(tables.Attempt.id == attempt_id)).one()
    alike = (tables.Attempt.environment_id == environment) & (tables.Job.fingerprint == work)
    before = _before_known(session.execute(_canaries(queue).where(alike).limit(READ)).all())
    standings = [_said(row.facts)["standing"] for row in before]
    well = [
        _said(row.facts)["seconds"]
        for row, standing in zip(before, standings, strict=True)
        if row.known or standing in (CanaryStanding.LEARNING, CanaryStanding.WELL)
    ]
    beyond = (CanaryStanding.OFF, CanaryStanding.DRIFTS)
    last_was_off = bool(before) and not before[0].known and standings[0] in beyond
    return judge_canary(seconds, well[::-1], last_was_off=last_was_off, disturbed=disturbed)


def _before_known(
    latest_first: Sequence[Row[str, dict[str, Any] | None, bool]],
) -> Sequence[Row[str, dict[str, Any] | None, bool]]:
    """Leave out what is older than the latest canary whose change somebody knows."""
    for place, row in enumerate(latest_first):
        if row.known:
            return latest_first[: place + 1]
    return latest_first


def _canaries(queue: str) -> Select[str, dict[str, Any] | None, bool]:
    """Ask for the canaries of a queue that said something, the latest first, and whether people know of each."""
    known = (
        select(tables.Annotation.id)
        .where(
            tables.Annotation.attempt_id == tables.Attempt.id,
            tables.Annotation.kind == AnnotationKind.ACKNOWLEDGED,
        )
        .exists()
    )
    return (
        select(tables.Attempt.public_id, tables.Attempt.facts, known.label("known"))
        .join(tables.Job, _of_canary())
        .where(tables.Job.state == JobState.DONE, tables.Job.queue == queue, tables.Job.priority == PRIORITY)
        .where(tables.Attempt.facts[FACT]["standing"].as_string() != CanaryStanding.DISTURBED)
        .order_by(tables.Job.id.desc())  # as the index has them: asked at every heartbeat
    )
