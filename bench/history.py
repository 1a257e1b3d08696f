"""How long questions take in a large database: fills an empty one, times each; --plans shows how SQL answers two.

python bench/history.py --db sqlite:////tmp/big.sqlite3 --attempts 10000      a million measurements
python bench/history.py --db postgresql://... --attempts 100000               ten million

Nightly sweeps of 200 cells (20 models, 2 platforms, 5 batch sizes) on four machines; each attempt has 100 metrics, and
raw samples of its latency. Each question is asked --runs times, as a command asks it, less the start of the program.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from farm.contract.job import JobSpec, ModelReference
from farm.contract.machine import GIB, Environment, Machine
from farm.contract.metrics import METRICS
from farm.contract.requirement import Requirement
from farm.database import migrate, tables
from farm.database.engine import open_engine, read, write
from farm.database.sample_codec import pack
from farm.queries.compare import compare
from farm.queries.grouping import grouped_by, pivoted
from farm.queries.question import Question, asked
from farm.queries.results import count_results, find_result, find_results
from farm.queries.sides import side_of
from farm.queries.sorting import order_of
from farm.queries.trend import find_changes
from farm.reports import performance
from farm.sweeps.catalogue import read_catalogue

CELLS, MACHINES, METRICS_EACH = 200, 4, 100
START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = [*METRICS, *(f"filler_{place:03}" for place in range(METRICS_EACH - len(METRICS)))]
SHOWN = ("latency", "throughput", "memory_growth")


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


def fill(engine: Engine, attempts: int) -> None:
    """Write machines, sweeps, jobs, attempts, and what they measured."""
    specs = cells()
    with write(engine) as session:
        _boxes(session)
    with engine.begin() as connection:
        insert = _copy if engine.dialect.name == "postgresql" else _many
        nights = -(-attempts // CELLS)
        insert(connection, tables.Sweep, _sweeps(nights))
        insert(connection, tables.Job, _jobs(specs, attempts))
        insert(connection, tables.Attempt, _attempts(attempts))
        insert(connection, tables.Measurement, _measurements(attempts))
        insert(connection, tables.Samples, _samples(attempts))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _boxes(session: Session) -> None:
    environment = Environment(python="3.11", kernel="6", packages={"torch": "2"})
    session.add(tables.Environment(id=1, fingerprint=environment.fingerprint(), facts=environment.model_dump()))
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


def _night(number: int) -> datetime:
    return START + timedelta(hours=6 * (number // CELLS))


Rows = Iterator[dict[str, Any]]


def _sweeps(nights: int) -> Rows:
    for night in range(nights):
        yield {
            "id": night + 1, "public_id": f"s{night}", "name": "nightly", "plan": "{}", "source": "", "priority": 5,
            "labels": json.dumps({"commit": f"c{night}"}), "pool": "farm", "created_at": _night(night * CELLS),
        }  # fmt: skip


def _jobs(specs: Sequence[JobSpec], count: int) -> Rows:
    dumped = [json.dumps(spec.model_dump(mode="json")) for spec in specs]
    marks = [spec.fingerprint() for spec in specs]
    for number in range(count):
        cell = number % CELLS
        spec, at = specs[cell], _night(number)
        yield {
            "id": number + 1, "public_id": f"j{number}", "sweep_id": number // CELLS + 1, "position": cell,
            "spec": dumped[cell], "fingerprint": marks[cell], "model": spec.model.name, "family": spec.model.family,
            "platform": spec.platform, "precision": spec.precision, "scenario": spec.scenario,
            "batch_size": spec.batch_size, "sequence_length": 128, "queue": "q", "priority": 5, "state": "done",
            "reason": "", "attempts": 1, "max_attempts": 3, "cancel_requested": False, "created_at": at,
            "finished_at": at,
        }  # fmt: skip


def _attempts(count: int) -> Rows:
    for number in range(count):
        at, box = _night(number), number % CELLS % MACHINES + 1
        yield {
            "id": number + 1, "public_id": f"a{number}", "job_id": number + 1, "number": 1, "token": f"t{number}",
            "state": "done", "worker_id": box, "machine_id": box, "environment_id": 1, "lease_until": at,
            "started_at": at, "finished_at": at, "verdict": "real", "conditions": "{}", "facts": "{}",
        }  # fmt: skip


def _measurements(count: int) -> Rows:
    rng = np.random.default_rng(1)
    number = 0
    for attempt in range(count):
        levels = 0.01 * (1 + attempt % CELLS) * np.exp(rng.normal(0, 0.02, len(NAMES)))
        for name, level in zip(NAMES, levels.tolist(), strict=True):
            number += 1
            yield {
                "id": number, "attempt_id": attempt + 1, "metric": name, "unit": "s", "n": 20, "mean": level,
                "median": level, "minimum": level, "maximum": level, "stddev": 0.0, "p90": level, "p95": level,
                "ci_low": level, "ci_high": level, "repeats": 1,
            }  # fmt: skip


def _samples(count: int) -> Rows:
    rng = np.random.default_rng(2)
    for attempt in range(count):
        counts, data = pack([(0.01 * (1 + attempt % CELLS) * np.exp(rng.normal(0, 0.02, 20))).tolist()])
        yield {"measurement_id": attempt * len(NAMES) + 1, "counts": json.dumps(counts), "data": data}


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


def questions(attempts: int) -> dict[str, Callable[[Session], object]]:
    """Give every question that is timed, by its command."""
    last = -(-attempts // CELLS) - 1

    def listed(session: Session, question: Question, sort: str = "", limit: int = 100) -> object:
        which = asked(session, question)
        count_results(session, {}, also=which)
        order = order_of(sort) if sort else ()
        return find_results(session, {}, also=which, order=order, metrics=SHOWN, limit=limit)

    def compared(session: Session) -> object:
        return compare(session, side_of(session, f"commit=c{last - 1}"), side_of(session, f"commit=c{last}"))

    def latest(session: Session, model: str) -> Sequence[Any]:
        return find_results(session, {"model": model}, metrics=("latency",), limit=1000)

    one = Question({"model": "model-3", "platform": "cpu", "machine": "box-1"})
    return {
        "results": lambda s: listed(s, Question()),
        "results --model --platform": lambda s: listed(s, Question({"model": "model-3", "platform": "cpu"})),
        "results --label commit=": lambda s: listed(s, Question(labels=(f"commit=c{last}",))),
        "results --since 1 night": lambda s: listed(s, Question(since=f"{_night(attempts - 1):%Y-%m-%dT%H:%M}")),
        "results --where latency<11ms": lambda s: listed(s, Question(where=("latency<11ms",))),
        "results --model --sort latency": lambda s: listed(s, Question({"model": "model-3"}), "latency"),
        "results show": lambda s: find_result(s, f"a{attempts // 2}"),
        "results --model --pivot platform": lambda s: pivoted(latest(s, "model-3"), "platform", metric="latency"),
        "results --model --group batch_size": lambda s: grouped_by(
            latest(s, "model-3"), ["batch_size"], metric="latency"
        ),
        "compare two nights": compared,
        "trend of one model on a machine": lambda s: find_changes(s, asked(s, one), metrics=("latency",)),
        "report of one night": lambda s: performance.build(s, f"s{last}", catalogue=read_catalogue()),
    }


def timed(engine: Engine, question: Callable[[Session], object], runs: int) -> list[float]:
    """Ask a question again and again; give the milliseconds of each."""
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        with read(engine) as session:
            question(session)
        found.append((time.perf_counter() - began) * 1e3)
    return found


def plans(engine: Engine) -> None:
    """Print how the database finds the newest results of a model, and those below a latency."""
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, COSTS OFF, BUFFERS)"
    for question in (Question({"model": "model-3", "platform": "cpu"}), Question(where=("latency<11ms",))):
        with read(engine) as session:
            chosen = (
                select(tables.Attempt.id, tables.Job.model)
                .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
                .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
                .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
                .where(tables.Attempt.state == "done", *asked(session, question))
                .order_by(tables.Attempt.id.desc())
                .limit(100)
            )
            sql = str(chosen.compile(engine, compile_kwargs={"literal_binds": True}))
            print(f"\n{question}")
            for row in session.execute(text(f"{explain} {sql.replace(':', chr(92) + ':')}")):
                print("  ", row[-1])


def main() -> None:
    """Fill where it is empty, then print one line per question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", required=True)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--plans", action="store_true")
    asked_for = parser.parse_args()
    engine = open_engine(asked_for.db)
    migrate.upgrade(engine)
    with read(engine) as session:
        attempts = session.execute(select(func.count()).select_from(tables.Attempt)).scalar_one()
    if not attempts:
        began = time.perf_counter()
        fill(engine, asked_for.attempts)
        attempts = asked_for.attempts
        print(f"filled in {time.perf_counter() - began:.0f} s")
    print(f"{engine.dialect.name}: {attempts:,} attempts, {attempts * METRICS_EACH:,} measurements")
    print(f"{'question':36} {'p50 ms':>8} {'p95 ms':>8}")
    for name, question in questions(attempts).items():
        found = timed(engine, question, asked_for.runs)
        print(f"{name:36} {np.percentile(found, 50):8.0f} {np.percentile(found, 95):8.0f}", flush=True)
    if asked_for.plans:
        plans(engine)


if __name__ == "__main__":
    main()
