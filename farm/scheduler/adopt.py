"""A result of another farm is taken over with all that belongs to it; one that is here already is left as it is."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from farm.contract.errors import UserMistake
from farm.contract.judge import judge
from farm.contract.metrics import METRICS
from farm.contract.record import ResultRecord
from farm.contract.states import ADOPTED, AttemptState, JobState
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.brought import write_log, write_measurements
from farm.scheduler.identity import new_token

NO_OFFER: dict[str, Any] = {}  # what that worker offered is not told: it will never take a job here


def adopt(session: Session, record: ResultRecord) -> bool:
    """Write a result and what it needs; False when it is here already.

    Raises: UserMistake where it contradicts what is here.
    """
    here = select(tables.Attempt.id).where(tables.Attempt.public_id == record.attempt.public_id)
    if session.execute(here).first():
        return False
    unknown = [each.metric for each in record.measurements if each.metric not in METRICS]
    if unknown:
        raise UserMistake(
            f"result {record.attempt.public_id} has a metric {unknown[0]!r} that this program does not know"
        )
    try:
        with session.begin_nested():
            _write(session, record)
    except IntegrityError as error:
        raise UserMistake(
            f"result {record.attempt.public_id} contradicts what is here: another has its place; nothing was changed"
        ) from error
    return True


def _write(session: Session, record: ResultRecord) -> None:
    machine_id, environment_id = _machine(session, record), _environment(session, record)
    worker_id = _worker(session, record, machine_id=machine_id, environment_id=environment_id)
    job_id = _job(session, record, sweep_id=_sweep(session, record))
    attempt_id = session.execute(
        insert(tables.Attempt).returning(tables.Attempt.id),
        {
            **dict(record.attempt),
            "verdict": judge(record.evidence),  # by the rules of this program
            "job_id": job_id,
            "token": new_token(),
            "state": AttemptState.DONE,
            "worker_id": worker_id,
            "machine_id": machine_id,
            "environment_id": environment_id,
            "lease_until": record.attempt.finished_at,
        },
    ).scalar_one()
    write_measurements(session, attempt_id, record.measurements)
    for table, values in (
        (tables.Doubt, record.doubts),
        (tables.Evidence, record.evidence),
        (tables.Annotation, record.annotations),
    ):
        for value in values:
            session.execute(insert(table), {"attempt_id": attempt_id, **dict(value)})
    write_log(session, attempt_id, record.log_tail)
    move = {"job_id": job_id, "attempt_id": attempt_id, "at": now(session), "before": None, "after": JobState.DONE}
    session.execute(insert(tables.Event), {**move, "actor": ADOPTED, "detail": "taken over from another farm"})


def _sweep(session: Session, record: ResultRecord) -> int:
    # Its pool is nobody's here: no scheduler of this farm looks after it.
    row = {**dict(record.sweep), "once_key": None, "pool": f"elsewhere-{record.sweep.public_id}"}
    return _once(session, tables.Sweep, row)


def _job(session: Session, record: ResultRecord, *, sweep_id: int) -> int:
    spec = record.job.spec
    row = {
        **dict(record.job),
        "spec": spec.model_dump(mode="json"),
        "sweep_id": sweep_id,
        "fingerprint": spec.fingerprint(),
        "model": spec.model.name,
        "family": spec.model.family,
        **{name: getattr(spec, name) for name in ("platform", "precision", "scenario", "batch_size")},
        **{name: getattr(spec, name) for name in ("sequence_length", "new_tokens")},
        "queue": spec.requirement.queue(),
        "priority": record.sweep.priority,
        "state": JobState.DONE,
        "reason": "",
        "attempts": 1,  # that are here
        "cancel_requested": False,
        "published_at": None,
        "finished_at": record.attempt.finished_at,
    }
    return _once(session, tables.Job, row)


def _machine(session: Session, record: ResultRecord) -> int:
    machine = record.machine.machine
    known = session.execute(
        select(tables.Machine.id).where(
            tables.Machine.host_id == machine.host_id, tables.Machine.fingerprint == machine.fingerprint()
        )
    ).scalar_one_or_none()
    if known is not None:
        return known
    row = {
        "public_id": record.machine.public_id,
        "host_id": machine.host_id,
        "name": machine.name,
        "fingerprint": machine.fingerprint(),
        "facts": machine.model_dump(mode="json"),
        "first_seen_at": record.machine.first_seen_at,
        "last_seen_at": record.machine.last_seen_at,
    }
    return _once(session, tables.Machine, row)


def _environment(session: Session, record: ResultRecord) -> int:
    environment = record.environment
    row = {"fingerprint": environment.fingerprint(), "facts": environment.model_dump(mode="json")}
    return _once(session, tables.Environment, row, key=tables.Environment.fingerprint)


def _worker(session: Session, record: ResultRecord, *, machine_id: int, environment_id: int) -> int:
    row = {
        **dict(record.worker),
        "machine_id": machine_id,
        "environment_id": environment_id,
        "offer": NO_OFFER,
        "platforms": {},
        "stopped_at": record.worker.last_seen_at,
    }
    return _once(session, tables.Worker, row)


def _once(session: Session, table: Any, row: dict[str, Any], *, key: InstrumentedAttribute[str] | None = None) -> int:
    """Write a row unless one with its key is here; give the row's key."""
    unique = key if key is not None else table.public_id
    known = session.execute(select(table.id).where(unique == row[unique.key])).scalar_one_or_none()
    if known is not None:
        return int(known)
    return int(session.execute(insert(table).returning(table.id), row).scalar_one())
