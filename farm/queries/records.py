"""Results as records that another farm can take over, with their raw samples, proof, doubts and annotations."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.contract.doubts import Doubt
from farm.contract.evidence import Evidence
from farm.contract.job import JobSpec
from farm.contract.machine import Environment, Machine
from farm.contract.record import (
    AnnotationRecord,
    AttemptRecord,
    JobRecord,
    MachineRecord,
    ResultRecord,
    SweepRecord,
    WorkerRecord,
)
from farm.contract.result import Measurement
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.sample_codec import unpack
from farm.queries.parts import FIELDS

AT_ONCE: Final = 200  # results held in memory with all their samples
LOG: Final = "log"


def records(session: Session, keys: Sequence[int]) -> Iterator[ResultRecord]:
    """Give results by their keys, a batch in memory at a time."""
    for start in range(0, len(keys), AT_ONCE):
        yield from _batch(session, keys[start : start + AT_ONCE])
        session.expunge_all()


def _batch(session: Session, keys: Sequence[int]) -> Iterator[ResultRecord]:
    found = session.execute(
        select(tables.Attempt, tables.Job, tables.Sweep, tables.Machine, tables.Environment, tables.Worker)
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
        .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
        .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
        .join(tables.Environment, tables.Environment.id == tables.Attempt.environment_id)
        .join(tables.Worker, tables.Worker.id == tables.Attempt.worker_id)
        .where(tables.Attempt.id.in_(keys))
        .order_by(tables.Attempt.id)
    ).all()
    measurements = _measurements(session, keys)
    doubts, evidence, notes, logs = (
        _below(session, table, keys) for table in (tables.Doubt, tables.Evidence, tables.Annotation, tables.Artifact)
    )
    for attempt, job, sweep, machine, environment, worker in found:
        yield ResultRecord(
            sweep=SweepRecord(**_fields(sweep, SweepRecord)),
            job=JobRecord(**{**_fields(job, JobRecord), "spec": JobSpec.model_validate(job.spec)}),
            machine=MachineRecord(
                public_id=machine.public_id,
                machine=Machine.model_validate(machine.facts),
                first_seen_at=machine.first_seen_at,
                last_seen_at=machine.last_seen_at,
            ),
            environment=Environment.model_validate(environment.facts),
            worker=WorkerRecord(**_fields(worker, WorkerRecord)),
            attempt=AttemptRecord(
                **{
                    **_fields(attempt, AttemptRecord),
                    "conditions": attempt.conditions or {},
                    "facts": attempt.facts or {},
                }
            ),
            measurements=tuple(measurements[attempt.id]),
            doubts=tuple(Doubt(**_fields(each, Doubt)) for each in doubts[attempt.id]),
            evidence=tuple(Evidence(**_fields(each, Evidence)) for each in evidence[attempt.id]),
            annotations=tuple(AnnotationRecord(**_fields(each, AnnotationRecord)) for each in notes[attempt.id]),
            log_tail=next((each.content for each in logs[attempt.id] if each.kind == LOG), ""),
        )


def _fields(row: Any, record: Any) -> dict[str, Any]:
    """Read the columns that a record names."""
    return {name: getattr(row, name) for name in record.model_fields}


def _below(session: Session, table: Any, keys: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(select(table).where(table.attempt_id.in_(keys)).order_by(table.id)).scalars():
        found[row.attempt_id].append(row)
    return found


def _measurements(session: Session, keys: Sequence[int]) -> dict[int, list[Measurement]]:
    found: dict[int, list[Measurement]] = defaultdict(list)
    rows = session.execute(
        select(tables.Measurement, tables.Samples.counts, tables.Samples.data)
        .outerjoin(tables.Samples, tables.Samples.measurement_id == tables.Measurement.id)
        .where(tables.Measurement.attempt_id.in_(keys))
        .order_by(tables.Measurement.id)
    )
    for row, counts, data in rows:
        statistics = Statistics(**{field: getattr(row, field) for field in FIELDS})
        samples = unpack(counts, data) if data is not None else ()
        found[row.attempt_id].append(Measurement(metric=row.metric, statistics=statistics, samples=samples))
    return found
