"""Questions about results: one row for each done attempt, with medians, doubts, proof, machine and environment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from farm.contract import scenario as scenarios
from farm.contract.errors import UnknownName
from farm.contract.evidence import Evidence, Verdict
from farm.contract.judge import judge
from farm.contract.machine import GIB
from farm.contract.scenario import LATENCY, Server, Throughput
from farm.contract.states import AttemptState
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.sample_codec import unpack
from farm.queries.filters import Filters, conditions

FIELDS = tuple(Statistics.model_fields)
BATCH: Final = 10_000  # ids in one query: SQLite takes 32 766, PostgreSQL 65 535
FAKE: Final = "fake"  # the platform that measures nothing


class ResultRow(NamedTuple):
    """One result. Its verdict is what its evidence earns by the rules of today, whatever was said of it before."""

    attempt: str
    job: str
    sweep: str
    model: str
    family: str
    platform: str
    precision: str
    scenario: str
    batch_size: int
    sequence_length: int | None
    new_tokens: int | None
    options: dict[str, Any]
    fingerprint: str
    verdict: str
    finished_at: datetime
    machine: str
    machine_fingerprint: str
    machine_facts: dict[str, Any]
    environment: dict[str, Any]
    facts: dict[str, Any]
    metrics: dict[str, Statistics]
    doubts: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    throughput: Throughput | None = None  # settings of the scenario throughput
    server: Server | None = None  # and of the scenario server

    def of_single_calls(self) -> bool:
        """Say whether it is the latency of calls one after the other, which alone are ranked against each other."""
        return self.scenario == LATENCY

    def measured_batch(self) -> int:
        """Give the batch size of its figures: the one that was found, where it was searched."""
        best = self.facts.get("batch_search", {}).get("best")
        return self.batch_size if best is None else int(best)

    def median(self, metric: str) -> float | None:
        """Give a metric's median, None where it was not measured."""
        found = self.metrics.get(metric)
        return None if found is None else found.median

    def half_interval(self) -> float | None:
        """Give half the 95 % interval of the latency's median as a share of that median; None with too few samples."""
        latency = self.metrics.get("latency")
        if latency is None or latency.ci_low is None or latency.ci_high is None or not latency.median:
            return None
        return (latency.ci_high - latency.ci_low) / 2 / latency.median

    def told(self) -> str:
        """Give the word for what was proven; what the fake platform did is FAKE, whatever its evidence."""
        return "FAKE" if self.platform == FAKE else self.verdict.upper()

    def work(self) -> tuple[str | int | None, ...]:
        """Give what must be equal for two results to be compared: all but platform, precision and options."""
        return (
            self.model,
            self.scenario_words(),
            self.batch_words(),
            self.sequence_length,
            self.new_tokens,
            self.machine_fingerprint,
        )

    def settings(self) -> str:
        """Name the work for people, beside its model: as in `batch 1, tokens 128+16, throughput`."""
        words = [self.batch_words()]
        if self.sequence_length:
            words.append(f"tokens {self.sequence_length}" + (f"+{self.new_tokens}" if self.new_tokens else ""))
        elif self.new_tokens:
            words.append(f"new tokens {self.new_tokens}")
        return ", ".join([*words, *([self.scenario_words()] if self.scenario_words() else [])])

    def scenario_words(self) -> str:
        """Name the scenario with its settings: as in `server 5/s`; single calls need no name."""
        return scenarios.words(self.scenario, self.throughput, self.server)

    def batch_words(self) -> str:
        """Name the batch that was asked for: as in `batch 8`, or `batch 1 to 64` where the best was searched."""
        return scenarios.batch_words(self.batch_size, self.throughput)

    def variant(self) -> str:
        """Name how the work was done for people: as in `cpu bf16 attention=eager`."""
        return " ".join([self.platform, self.precision, *self.option_words()])

    def machine_words(self) -> str:
        """Name what the machine is: CPU, cores, memory, GPUs."""
        facts = self.machine_facts
        gpus = "".join(f", {gpu['name']}" for gpu in facts["gpus"])
        return f"{facts['cpu_model']}, {facts['cores']} cores, {facts['memory_bytes'] / GIB:.0f} GiB{gpus}"

    def option_words(self) -> list[str]:
        """Name the options that the sweep gave."""
        return [f"{key}={value}" for key, value in sorted(self.options.items())]


class ResultDetail(NamedTuple):
    """Everything about one result."""

    row: ResultRow
    spec: dict[str, Any]
    seconds: float  # of the whole attempt, from claim to settled
    conditions: dict[str, Any]
    doubts: tuple[tuple[str, float, str], ...]
    samples: dict[str, tuple[tuple[float, ...], ...]]


def find_results(
    session: Session,
    filters: Filters,
    *,
    also: Sequence[ColumnElement[bool]] = (),
    order: Sequence[ColumnElement[Any]] = (),
    metrics: Sequence[str] | None = None,
    limit: int | None = None,
    skip: int = 0,
) -> list[ResultRow]:
    """Give the results that the filters and conditions let through, in the asked order, else the newest first.

    Only these metrics are read, or all of them: a result may have a hundred.
    """
    chosen = _select().where(*conditions(filters), *also).order_by(*order, tables.Attempt.id.desc())
    rows = _rows(session, session.execute(chosen.limit(limit).offset(skip)).all(), metrics=metrics)
    return [row for row in rows if row.verdict == filters.get("verdict", row.verdict)]  # as proven, not as once said


def count_results(session: Session, filters: Filters, *, also: Sequence[ColumnElement[bool]] = ()) -> int:
    """Count the results that the filters and conditions let through."""
    chosen = _select().where(*conditions(filters), *also)
    return session.execute(chosen.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one()


def find_result(session: Session, public_id: str) -> ResultDetail:
    """Give everything about one result, by the id of its attempt or its job.

    Raises: UnknownName.
    """
    which = (tables.Attempt.public_id == public_id) | (tables.Job.public_id == public_id)
    found = session.execute(_select().where(which)).all()
    if not found:
        raise UnknownName(f"no result {public_id!r}; `farm results` lists them, `farm jobs show` tells of failed jobs")
    attempt, job = found[0][0], found[0][1]
    doubts = session.execute(select(tables.Doubt).where(tables.Doubt.attempt_id == attempt.id)).scalars()
    samples = session.execute(
        select(tables.Measurement.metric, tables.Samples.counts, tables.Samples.data)
        .join(tables.Samples, tables.Samples.measurement_id == tables.Measurement.id)
        .where(tables.Measurement.attempt_id == attempt.id)
    )
    return ResultDetail(
        row=_rows(session, found)[0],
        spec=job.spec,
        seconds=((attempt.finished_at or attempt.started_at) - attempt.started_at).total_seconds(),
        conditions=attempt.conditions or {},
        doubts=tuple((item.kind, item.figure, item.detail) for item in doubts),
        samples={row.metric: unpack(row.counts, row.data) for row in samples},
    )


def _select() -> Select[tables.Attempt, tables.Job, tables.Sweep, tables.Machine, tables.Environment]:
    return (
        select(tables.Attempt, tables.Job, tables.Sweep, tables.Machine, tables.Environment)
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
        .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
        .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
        .join(tables.Environment, tables.Environment.id == tables.Attempt.environment_id)
        .where(tables.Attempt.state == AttemptState.DONE)
    )


def _rows(session: Session, found: Sequence[Any], *, metrics: Sequence[str] | None = None) -> list[ResultRow]:
    """Put rows together with three queries more for every batch of them."""
    measured: dict[int, dict[str, Statistics]] = defaultdict(dict)
    doubts: dict[int, list[str]] = defaultdict(list)
    proofs: dict[int, list[Evidence]] = defaultdict(list)
    for start in range(0, len(found), BATCH):
        ids = [attempt.id for attempt, *_ in found[start : start + BATCH]]
        chosen = select(tables.Measurement).where(tables.Measurement.attempt_id.in_(ids))
        if metrics is not None:
            chosen = chosen.where(tables.Measurement.metric.in_(metrics))
        for row in session.execute(chosen).scalars():
            measured[row.attempt_id][row.metric] = Statistics(**{field: getattr(row, field) for field in FIELDS})
        for doubt in session.execute(select(tables.Doubt).where(tables.Doubt.attempt_id.in_(ids))).scalars():
            doubts[doubt.attempt_id].append(doubt.kind)
        proven = select(tables.Evidence).where(tables.Evidence.attempt_id.in_(ids)).order_by(tables.Evidence.id)
        for item in session.execute(proven).scalars():
            proofs[item.attempt_id].append(Evidence.model_validate(item, from_attributes=True))
    return [
        ResultRow(
            attempt=attempt.public_id,
            job=job.public_id,
            sweep=sweep.public_id,
            model=job.model,
            family=job.family,
            platform=job.platform,
            precision=job.precision,
            scenario=job.scenario,
            batch_size=job.batch_size,
            sequence_length=job.sequence_length,
            new_tokens=job.new_tokens,
            options=job.spec["options"],
            fingerprint=job.fingerprint,
            verdict=_proven(job.platform, proofs[attempt.id]),
            finished_at=attempt.finished_at,
            machine=machine.name,
            machine_fingerprint=machine.fingerprint,
            machine_facts=machine.facts,
            environment=environment.facts,
            facts=attempt.facts or {},
            metrics=measured[attempt.id],
            doubts=tuple(doubts[attempt.id]),
            evidence=tuple(proofs[attempt.id]),
            throughput=Throughput.model_validate(job.spec["throughput"]) if job.spec.get("throughput") else None,
            server=Server.model_validate(job.spec["server"]) if job.spec.get("server") else None,
        )
        for attempt, job, sweep, machine, environment in found
    ]


def _proven(platform: str, evidence: Sequence[Evidence]) -> Verdict:
    """Give the verdict that evidence earns; what the fake platform did earns none."""
    return Verdict.MOCK if platform == FAKE else judge(evidence)
