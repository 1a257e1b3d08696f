"""The audit of a database: was a job lost, a result kept twice, or a move made that no writer may make?

In: a database, and a sweep that should have ended, if one is meant. Out: what is wrong, by job, and how to mend it.
Each check is one statement, so that it sees one moment even of a farm at work; the rows it finds are the wrong ones.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, String, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from farm.contract.evidence import Outcome, Verdict
from farm.contract.judge import DAMNING, NEEDED
from farm.contract.states import ADOPTED, FINAL, LEGAL_MOVES, UNSETTLED, AttemptState, JobState
from farm.database.engine import now
from farm.database.tables import Attempt, Event, Evidence, Job, Measurement, Sweep

OVERDUE: Final = timedelta(seconds=60)  # over a lease; a scheduler takes such a job back within a second
MOST: Final = 200  # findings of one check
#: What a done job has one of: a result, the evidence that it gathered again for another one's, or a canary's figure.
SETTLED: Final = (AttemptState.DONE, AttemptState.VERIFIED, AttemptState.CANARY)

NO_WRITER: Final = "no writer of the farm leaves this: restore a backup, or report it with `farm jobs show {job}`"
NO_SCHEDULER: Final = "start `farm scheduler`, which takes it back (or `farm run FILE --resume`, if that ran it)"
CANCEL: Final = "cancel it again: farm sweep cancel {sweep}"
WAIT: Final = "wait for its end, or look why it goes no further: farm jobs list --sweep {sweep}"

_Rows = Select[str, str, str]  # the job's public id, its sweep's public id, and what was seen


class Finding(NamedTuple):
    """One thing that is wrong: where, what, and what to do."""

    job: str
    wrong: str
    mend: str


class _Check(NamedTuple):
    wrong: str
    mend: str
    rows: _Rows


def audit(session: Session, *, ended: str | None = None) -> list[Finding]:
    """Look for everything that is wrong in a database; `ended` is the public id of a sweep that should have ended."""
    return [finding for check in _checks(session, ended) for finding in _findings(session, check)]


def attempt_states(session: Session, tokens: Sequence[str]) -> dict[str, tuple[str, AttemptState]]:
    """Give the job and the state of the attempts that have these tokens; of the unknown ones, nothing."""
    found = session.execute(
        select(Attempt.token, Attempt.state, Job.public_id)
        .join(Job, Job.id == Attempt.job_id)
        .where(Attempt.token.in_(tokens))
    )
    return {row.token: (row.public_id, AttemptState(row.state)) for row in found}


def _findings(session: Session, check: _Check) -> Iterator[Finding]:
    for job, sweep, seen in session.execute(check.rows.limit(MOST)):
        mend = check.mend.format(job=job, sweep=sweep)
        yield Finding(job or "", f"{check.wrong}: {seen}" if seen else check.wrong, mend)


def _checks(session: Session, ended: str | None) -> Iterator[_Check]:
    yield _Check("not the one settled attempt of a done job, or one of a job that is not done", NO_WRITER, _settled())
    yield _Check("not the one running attempt of a running job, or one of another job", NO_WRITER, _running())
    yield _Check("a done attempt that brought nothing", NO_WRITER, _empty())
    yield _Check("not as many attempts as were counted", NO_WRITER, _counted())
    yield _Check("an attempt without a job", NO_WRITER, _orphans())
    yield _Check("a verdict that the evidence does not earn", NO_WRITER, _misjudged())
    yield _Check("a move that is not legal, or not from where the last one led", NO_WRITER, _moves())
    yield _Check("the last move led to another state", NO_WRITER, _last_moves())
    yield _Check("cancelled, but open", CANCEL, _cancelled_open())
    yield _Check("a lease is over and nobody takes the job back", NO_SCHEDULER, _overdue(session))
    if ended is not None:
        yield _Check("open in a sweep that should have ended", WAIT, _open(ended))


def _of_jobs(*seen: Any) -> _Rows:
    """Begin a check whose rows are jobs; what was seen of each is put together as text."""
    text: Any = literal("")
    for part in seen:
        text = text.concat(part if isinstance(part, str) else cast(part, String))
    return select(Job.public_id, Sweep.public_id, text).join(Sweep, Sweep.id == Job.sweep_id).order_by(Job.id)


def _attempts_in(*states: AttemptState) -> Any:
    """Count the attempts of each job that are in one of these states; in any, where none is given."""
    counted = select(func.count()).select_from(Attempt).where(Attempt.job_id == Job.id).correlate(Job)
    return (counted.where(Attempt.state.in_(states)) if states else counted).scalar_subquery()


def _settled() -> _Rows:
    settled = _attempts_in(*SETTLED)
    wanted = case((Job.state == JobState.DONE, 1), else_=0)
    return _of_jobs("the job is ", Job.state, ", done attempts: ", settled).where(settled != wanted)


def _running() -> _Rows:
    running = _attempts_in(AttemptState.RUNNING)
    wanted = case((Job.state == JobState.RUNNING, 1), else_=0)
    return _of_jobs("the job is ", Job.state, ", running attempts: ", running).where(running != wanted)


def _empty() -> _Rows:
    done = (Attempt.job_id == Job.id) & Attempt.state.in_(SETTLED)
    brought = exists().where(Measurement.attempt_id == Attempt.id) | exists().where(Evidence.attempt_id == Attempt.id)
    return _of_jobs("attempt ", Attempt.number).join(Attempt, done).where(~brought)


def _counted() -> _Rows:
    there = _attempts_in()
    return _of_jobs("counted ", Job.attempts, ", there are ", there).where(there != Job.attempts)


def _orphans() -> _Rows:
    return (
        select(literal(""), literal(""), literal("attempt ").concat(Attempt.public_id))
        .outerjoin(Job, Job.id == Attempt.job_id)
        .where(Job.id.is_(None))
    )


def _misjudged() -> _Rows:
    """Judge as `farm.contract.judge` does, in SQL."""
    own = Evidence.attempt_id == Attempt.id
    failed = exists().where(own, Evidence.outcome == Outcome.FAIL)
    passed = select(func.count(Evidence.layer.distinct())).where(own, Evidence.outcome == Outcome.PASS)
    earned = case(
        (failed.where(Evidence.layer.in_(DAMNING)), Verdict.MOCK),
        (failed, Verdict.SUSPECT),
        (passed.correlate(Attempt).scalar_subquery() == len(NEEDED), Verdict.REAL),
        else_=Verdict.SUSPECT,
    )
    rows = _of_jobs("attempt ", Attempt.number, " is called ", Attempt.verdict, ", not ", earned)
    return rows.join(Attempt, Attempt.job_id == Job.id).where(Attempt.state.in_(SETTLED), Attempt.verdict != earned)


def _moves() -> _Rows:
    previous = func.lag(Event.after).over(partition_by=Event.job_id, order_by=Event.id)
    moves = select(Event.job_id, Event.before, Event.after, Event.actor, previous.label("previous")).subquery()
    begin = func.coalesce(moves.c.before, "")
    taken_over = (moves.c.actor == ADOPTED) & moves.c.before.is_(None) & (moves.c.after == JobState.DONE)
    legal = [f"{before}>{after}" for before, afters in LEGAL_MOVES.items() for after in afters]
    first = [f">{JobState.PLANNED}", f">{JobState.UNSUPPORTED}"]
    wrong = or_(
        moves.c.before.is_distinct_from(moves.c.previous),
        begin.concat(">").concat(moves.c.after).not_in([*first, *legal]) & ~taken_over,
    )
    last = func.coalesce(moves.c.previous, "nowhere")
    return (
        _of_jobs("from ", begin, " to ", moves.c.after, ", after ", last)
        .join(moves, moves.c.job_id == Job.id)
        .where(wrong)
    )


def _last_moves() -> _Rows:
    newest = select(func.max(Event.id)).where(Event.job_id == Job.id).correlate(Job).scalar_subquery()
    last = select(Event.after).where(Event.id == newest).correlate(Job).scalar_subquery()
    rows = _of_jobs("the job is ", Job.state, ", the last move led to ", func.coalesce(last, "nothing"))
    return rows.where(last.is_distinct_from(Job.state))


def _cancelled_open() -> _Rows:
    at_rest = UNSETTLED - {JobState.RUNNING}
    return _of_jobs("the job is ", Job.state).where(Job.cancel_requested, Job.state.in_(at_rest))


def _overdue(session: Session) -> _Rows:
    over = (Attempt.state == AttemptState.RUNNING) & (Attempt.lease_until < now(session) - OVERDUE)
    return _of_jobs("attempt ", Attempt.number).join(Attempt, Attempt.job_id == Job.id).where(over)


def _open(sweep: str) -> _Rows:
    return _of_jobs("the job is ", Job.state).where(Sweep.public_id == sweep, Job.state.not_in(FINAL))
