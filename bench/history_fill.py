"""Fills an empty database for bench/history.py with the nightly sweeps of a farm of four machines.

A night is a sweep of 200 cells (20 models, 2 platforms, 5 batch sizes), each on one machine. An attempt brings 100
metrics, raw samples of its latency, five layers of evidence, and a doubt in one of 16; one in 50 is not proven. The
software changes every 100 nights. Rows go in by COPY on PostgreSQL.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from farm.contract.evidence import Layer
from farm.contract.job import JobSpec, ModelReference
from farm.contract.machine import GIB, Environment, Machine
from farm.contract.metrics import METRICS
from farm.contract.requirement import Requirement
from farm.database import tables
from farm.database.engine import write
from farm.database.sample_codec import pack

CELLS: Final = 200
MACHINES: Final = 4
METRICS_EACH: Final = 100
CALLS: Final = 20  # samples of an attempt
UPDATED: Final = 100  # nights until the software is another
DOUBTED, UNPROVEN = 16, 50  # one in so many
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
NAMES: Final = [*METRICS, *(f"filler_{place:03}" for place in range(METRICS_EACH - len(METRICS)))]
SOURCE: Final = (
    "name: nightly\nmodels: [" + ", ".join(f"model-{place}" for place in range(20)) + "]\n" + "# a word\n" * 30
)

Rows = Iterator[dict[str, Any]]


def cells() -> list[JobSpec]:
    """Give the cells of a night."""
    return [
        JobSpec(
            model=ModelReference(
                name=f"model-{model}", source="zoo", location=f"model-{model}", family="text_embedding"
            ),
            platform=platform,
            precision="fp32",
            batch_size=batch,
            sequence_length=128,
            requirement=Requirement(tags=(platform,)),
        )
        for model in range(20)
        for platform in ("cpu", "openvino")
        for batch in (1, 2, 4, 8, 16)
    ]


def night(number: int) -> datetime:
    """Say when the night of an attempt was, by the attempt's number from 0."""
    return START + timedelta(hours=6 * (number // CELLS))


def fill(engine: Engine, attempts: int) -> None:
    """Write machines, sweeps, jobs, attempts, and what they measured."""
    nights = -(-attempts // CELLS)
    with write(engine) as session:
        _boxes(session, environments=nights // UPDATED + 1)
    with engine.begin() as connection:
        insert = _copy if engine.dialect.name == "postgresql" else _many
        indices = list(tables.Measurement.metadata.tables["measurement"].indexes)
        for index in indices:  # made again at the end, which is quicker than row by row
            index.drop(connection)
        insert(connection, tables.Sweep, _sweeps(nights))
        insert(connection, tables.Job, _jobs(attempts))
        insert(connection, tables.Attempt, _attempts(attempts))
        insert(connection, tables.Event, _events(attempts))
        insert(connection, tables.Evidence, _evidence(attempts))
        insert(connection, tables.Doubt, _doubts(attempts))
        insert(connection, tables.Measurement, _measurements(attempts))
        insert(connection, tables.Samples, _samples(attempts))
        for index in indices:
            index.create(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def _boxes(session: Session, *, environments: int) -> None:
    for place in range(1, environments + 1):
        packages = {f"package-{each}": f"1.{each}" for each in range(60)} | {"torch": f"2.{place}"}
        environment = Environment(python="3.11", kernel="6", packages=packages)
        session.add(tables.Environment(id=place, fingerprint=environment.fingerprint(), facts=environment.model_dump()))
    for place in range(1, MACHINES + 1):
        machine = Machine(
            host_id=f"h{place}", name=f"box-{place}", cpu_model="CPU", architecture="x86_64", cores=2, threads=2,
            memory_bytes=8 * GIB, system="Linux",
        )  # fmt: skip
        seen = {"first_seen_at": START, "last_seen_at": START}
        facts = machine.model_dump(mode="json")
        session.add(
            tables.Machine(id=place, public_id=f"m{place}", host_id=f"h{place}", name=machine.name,
                           fingerprint=machine.fingerprint(), facts=facts, **seen)
        )  # fmt: skip
        session.flush()
        session.add(
            tables.Worker(id=place, public_id=f"w{place}", name=f"w{place}", pool="farm", machine_id=place,
                          environment_id=1, offer={}, platforms={}, pid=1, started_at=START, last_seen_at=START,
                          stopped_at=START)
        )  # fmt: skip


def _sweeps(nights: int) -> Rows:
    for number in range(nights):
        yield {
            "id": number + 1, "public_id": f"s{number}", "name": "nightly", "plan": json.dumps({"source": SOURCE}),
            "source": SOURCE, "priority": 5, "labels": json.dumps({"commit": f"c{number}"}), "pool": "farm",
            "created_at": night(number * CELLS),
        }  # fmt: skip


def _jobs(count: int) -> Rows:
    specs = cells()
    dumped = [json.dumps(spec.model_dump(mode="json")) for spec in specs]
    marks = [spec.fingerprint() for spec in specs]
    for number in range(count):
        cell = number % CELLS
        spec, at = specs[cell], night(number)
        yield {
            "id": number + 1, "public_id": f"j{number}", "sweep_id": number // CELLS + 1, "position": cell,
            "spec": dumped[cell], "fingerprint": marks[cell], "model": spec.model.name, "family": spec.model.family,
            "platform": spec.platform, "precision": spec.precision, "scenario": spec.scenario,
            "batch_size": spec.batch_size, "sequence_length": 128, "queue": "q", "priority": 5, "state": "done",
            "reason": "", "attempts": 1, "max_attempts": 3, "cancel_requested": False, "created_at": at,
            "finished_at": at,
        }  # fmt: skip


def _attempts(count: int) -> Rows:
    conditions = json.dumps({"repeats": [{"load_before": 0.1, "load_after": 0.2, "steal": 0.0, "clock": 2e9}] * 3})
    facts = json.dumps({"threads": 2, "attention": "sdpa", "classes": ["BertModel"], "stages": {"prove": 0.4}})
    for number in range(count):
        at, box = night(number), number % CELLS % MACHINES + 1
        yield {
            "id": number + 1, "public_id": f"a{number}", "job_id": number + 1, "number": 1, "token": f"t{number}",
            "state": "done", "worker_id": box, "machine_id": box, "environment_id": number // CELLS // UPDATED + 1,
            "lease_until": at, "started_at": at, "finished_at": at + timedelta(seconds=30),
            "verdict": "real" if proven(number) else "suspect", "conditions": conditions, "facts": facts,
        }  # fmt: skip


def proven(number: int) -> bool:
    """Say whether the proof of an attempt is whole."""
    return number % UNPROVEN != UNPROVEN - 1


def _events(count: int) -> Rows:
    moves = ((None, "planned"), ("planned", "queued"), ("queued", "running"), ("running", "done"))
    places = chain.from_iterable(((number, move) for move in moves) for number in range(count))
    for key, (number, (before, after)) in enumerate(places, start=1):
        yield {
            "id": key, "job_id": number + 1, "attempt_id": number + 1 if after == "done" else None,
            "at": night(number), "before": before, "after": after, "actor": "bench", "detail": "",
        }  # fmt: skip


def _evidence(count: int) -> Rows:
    figures = json.dumps({"cosine": 0.99999, "largest_error": 1e-5, "looked_at": 32})
    for number in range(count):
        for place, layer in enumerate(Layer):
            passes = proven(number) or layer is not Layer.PLAUSIBILITY
            yield {
                "id": number * len(Layer) + place + 1, "attempt_id": number + 1, "layer": layer.value,
                "outcome": "pass" if passes else "fail", "reason": "as it should be", "figures": figures,
            }  # fmt: skip


def _doubts(count: int) -> Rows:
    for place, number in enumerate(range(0, count, DOUBTED), start=1):
        kind = "noisy_host" if place % 2 else "not_steady"
        yield {"id": place, "attempt_id": number + 1, "kind": kind, "figure": 0.2, "detail": "a word"}


def _measurements(count: int) -> Rows:
    rng = np.random.default_rng(1)
    number = 0
    for attempt in range(count):
        levels = 0.01 * (1 + attempt % CELLS) * np.exp(rng.normal(0, 0.02, len(NAMES)))
        for name, level in zip(NAMES, levels.tolist(), strict=True):
            number += 1
            yield {
                "id": number, "attempt_id": attempt + 1, "metric": name, "unit": "s", "n": CALLS, "mean": level,
                "median": level, "minimum": level, "maximum": level, "stddev": 0.0, "p90": level, "p95": level,
                "ci_low": level, "ci_high": level, "repeats": 1,
            }  # fmt: skip


def _samples(count: int) -> Rows:
    rng = np.random.default_rng(2)
    place = NAMES.index("latency") + 1
    for attempt in range(count):
        counts, data = pack([(0.01 * (1 + attempt % CELLS) * np.exp(rng.normal(0, 0.02, CALLS))).tolist()])
        yield {"measurement_id": attempt * len(NAMES) + place, "counts": json.dumps(counts), "data": data}


def _copy(connection: Any, table: Any, rows: Rows) -> None:
    first = next(rows)
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.__tablename__} ({', '.join(first)}) FROM STDIN") as copy:
        for row in chain((first,), rows):
            copy.write_row(tuple(row.values()))


def _many(connection: Any, table: Any, rows: Rows) -> None:
    first = next(rows)
    cursor = connection.connection.cursor()
    sql = f"INSERT INTO {table.__tablename__} ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})"
    cursor.executemany(sql, map(_plain, chain((first,), rows)))


def _plain(row: dict[str, Any]) -> tuple[Any, ...]:
    """Write times as SQLAlchemy does for SQLite."""
    return tuple(f"{each:%Y-%m-%d %H:%M:%S.%f}" if isinstance(each, datetime) else each for each in row.values())
