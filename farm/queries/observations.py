"""Results with the raw samples of chosen metrics, for comparisons; doubtful and unreal ones are only counted."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from farm.contract.evidence import FAKE, Verdict
from farm.contract.job import JobSpec
from farm.database import tables
from farm.database.sample_codec import unpack
from farm.queries.keys import results
from farm.queries.parts import batches, doubts_of

DOUBTED: Final = "doubted"

Processes = tuple[tuple[float, ...], ...]


class Observation(NamedTuple):
    """One result: what ran, where, and each process's samples of each metric."""

    attempt: str
    spec: JobSpec
    machine: str
    machine_fingerprint: str
    samples: dict[str, Processes]


class Observed(NamedTuple):
    """Results that may be compared, and how many were left out and why (their verdict, `fake`, or `doubted`)."""

    results: tuple[Observation, ...]
    left_out: Counter[str]


def observe(
    session: Session, conditions: Sequence[ColumnElement[bool]], *, metrics: Sequence[str], doubtful: bool = False
) -> Observed:
    """Give the real results that the conditions let through, the oldest first; doubted ones only where asked for."""
    columns = (tables.Attempt.id, tables.Attempt.public_id, tables.Attempt.verdict, tables.Job.platform)
    beside = (tables.Job.fingerprint, tables.Job.spec, tables.Machine.name, tables.Machine.fingerprint.label("kind"))
    chosen = results(*columns, *beside, conditions=conditions).order_by(tables.Attempt.id)
    found = session.execute(chosen).all()
    doubted = doubts_of(session, [row.id for row in found])
    why = {row.id: _reason(row.platform, row.verdict, doubted=row.id in doubted and not doubtful) for row in found}
    kept = [row for row in found if not why[row.id]]
    samples = samples_of(session, [row.id for row in kept], metrics)
    # The same work comes night after night: it is read once.
    specs = {row.fingerprint: row.spec for row in kept}
    work = {fingerprint: JobSpec.model_validate(spec) for fingerprint, spec in specs.items()}
    return Observed(
        tuple(
            Observation(row.public_id, work[row.fingerprint], row.name, row.kind, samples.get(row.id, {}))
            for row in kept
        ),
        Counter(reason for reason in why.values() if reason),
    )


def samples_of(session: Session, ids: Sequence[int], metrics: Sequence[str]) -> dict[int, dict[str, Processes]]:
    """Give the samples of these metrics of attempts, by the keys of these."""
    found: dict[int, dict[str, Processes]] = defaultdict(dict)
    for batch in batches(ids):
        rows = session.execute(
            select(tables.Measurement.attempt_id, tables.Measurement.metric)
            .add_columns(tables.Samples.counts, tables.Samples.data)
            .join(tables.Samples, tables.Samples.measurement_id == tables.Measurement.id)
            .where(tables.Measurement.attempt_id.in_(batch))
            .where(tables.Measurement.metric.in_(metrics))
        )
        for row in rows:
            found[row.attempt_id][row.metric] = unpack(row.counts, row.data)
    return found


def _reason(platform: str, verdict: str, *, doubted: bool) -> str:
    """Say why a result cannot be compared; empty where it can."""
    if platform == FAKE:
        return FAKE
    if verdict != Verdict.REAL:
        return verdict
    return DOUBTED if doubted else ""
