"""Questions about results: one row for each done attempt, with medians, doubts, proof, machine and environment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from farm.contract import scenario as scenarios
from farm.contract.errors import UnknownName
from farm.contract.evidence import FAKE, Evidence, Verdict
from farm.contract.judge import judge
from farm.contract.machine import GIB
from farm.contract.scenario import LATENCY, Server, Throughput
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.sample_codec import unpack
from farm.queries.filters import Filters, conditions
from farm.queries.keys import count, keys
from farm.queries.parts import batches, doubts_of, evidence_of, metrics_of, rows_of
from farm.queries.sorting import Order

_RAN: Final = (
    select(tables.Attempt, tables.Job, tables.Sweep.public_id)
    .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
    .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
)


class ResultRow(NamedTuple):
    """One result. Its verdict is what its evidence earns; what the fake platform did is never real."""

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
    order: Order | None = None,
    metrics: Sequence[str] | None = None,
    proof: bool = True,
    limit: int | None = None,
    skip: int = 0,
) -> list[ResultRow]:
    """Give the results that the filters and conditions let through, in the asked order, else the newest first.

    Only these metrics are read, or all of them: a result may have a hundred. Without `proof` no evidence is read.
    """
    found = keys(session, (*conditions(filters), *also), order=order, limit=limit, skip=skip)
    return _rows(session, found, metrics=metrics, proof=proof)


def count_results(
    session: Session, filters: Filters, *, also: Sequence[ColumnElement[bool]] = (), most: int | None = None
) -> int:
    """Count the results that the filters and conditions let through; `most` where there are as many or more."""
    return count(session, (*conditions(filters), *also), most=most)


def find_result(session: Session, public_id: str) -> ResultDetail:
    """Give everything about one result, by the id of its attempt or its job.

    Raises: UnknownName.
    """
    for which in (tables.Attempt.public_id == public_id, tables.Job.public_id == public_id):
        found = keys(session, (which,))
        if found:
            return _detail(session, found[0])
    raise UnknownName(f"no result {public_id!r}; `farm results` lists them, `farm jobs show` tells of failed jobs")


def _detail(session: Session, key: int) -> ResultDetail:
    attempt, spec = session.execute(
        select(tables.Attempt, tables.Job.spec)
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
        .where(tables.Attempt.id == key)
    ).one()
    doubts = session.execute(select(tables.Doubt).where(tables.Doubt.attempt_id == key)).scalars()
    samples = session.execute(
        select(tables.Measurement.metric, tables.Samples.counts, tables.Samples.data)
        .join(tables.Samples, tables.Samples.measurement_id == tables.Measurement.id)
        .where(tables.Measurement.attempt_id == key)
    )
    return ResultDetail(
        row=_rows(session, [key])[0],
        spec=spec,
        seconds=((attempt.finished_at or attempt.started_at) - attempt.started_at).total_seconds(),
        conditions=attempt.conditions or {},
        doubts=tuple((item.kind, item.figure, item.detail) for item in doubts),
        samples={row.metric: unpack(row.counts, row.data) for row in samples},
    )


def _rows(
    session: Session, found: Sequence[int], *, metrics: Sequence[str] | None = None, proof: bool = True
) -> list[ResultRow]:
    """Put results together by their keys."""
    ran = [row for batch in batches(found) for row in session.execute(_RAN.where(tables.Attempt.id.in_(batch)))]
    machines = rows_of(session, tables.Machine, [attempt.machine_id for attempt, *_ in ran])
    environments = rows_of(session, tables.Environment, [attempt.environment_id for attempt, *_ in ran])
    measured, doubts = metrics_of(session, found, metrics), doubts_of(session, found)
    evidence = evidence_of(session, found) if proof else None
    rows = {
        attempt.id: ResultRow(
            attempt=attempt.public_id,
            job=job.public_id,
            sweep=sweep,
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
            verdict=_verdict(job.platform, attempt.verdict, None if evidence is None else evidence[attempt.id]),
            finished_at=attempt.finished_at or attempt.started_at,
            machine=machines[attempt.machine_id].name,
            machine_fingerprint=machines[attempt.machine_id].fingerprint,
            machine_facts=machines[attempt.machine_id].facts,
            environment=environments[attempt.environment_id].facts,
            facts=attempt.facts or {},
            metrics=measured[attempt.id],
            doubts=tuple(doubts[attempt.id]),
            evidence=tuple(evidence[attempt.id]) if evidence is not None else (),
            throughput=Throughput.model_validate(job.spec["throughput"]) if job.spec.get("throughput") else None,
            server=Server.model_validate(job.spec["server"]) if job.spec.get("server") else None,
        )
        for attempt, job, sweep in ran
    }
    return [rows[key] for key in found]


def _verdict(platform: str, written: str | None, evidence: Sequence[Evidence] | None) -> Verdict:
    """Judge anew where the evidence is read: that is what was written, unless somebody changed one of them."""
    if platform == FAKE:
        return Verdict.MOCK
    return Verdict(written) if written and evidence is None else judge(evidence or ())
