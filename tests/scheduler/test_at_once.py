"""On PostgreSQL a job is claimed by one statement and settled by one, which write what SQLite gets by several."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, select

from farm.contract.result import Result
from farm.database import migrate, tables
from farm.database.engine import open_engine, read, write
from farm.database.sample_codec import unpack
from farm.queries.audit import audit
from farm.scheduler.claim import claim
from farm.scheduler.settle import settle_result
from tests.builders import NOISE, claimed, dispatched, measured, registered, result, spec, states, submitted

LONGEST_KEPT = 4096  # characters of a statement that psycopg reads once
FULL = result(
    measurements=(
        measured("latency", 0.1, n=3),
        measured("throughput", 10.5, half_width=0.25),
        measured("load_time", 1e-9),
    ),
    doubts=(NOISE,),
    conditions={"repeats": [{"load": 0.5}]},
    facts={"classes": ["Bärt", '"quoted" %(s)s \'\\']},
    log_tail="100 % of\nit",
)


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """Give an engine on a PostgreSQL database with all tables."""
    engine = open_engine(postgres_url)
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_job_is_claimed_by_one_statement_and_settled_by_one(postgres_engine: Engine) -> None:
    submitted(postgres_engine, spec())
    worker = registered(postgres_engine, "fake")
    dispatched(postgres_engine)
    with statements(postgres_engine) as sent:
        with write(postgres_engine) as session:
            held = claim(session, 1, worker=worker, lease_seconds=60)
        assert held is not None
        with write(postgres_engine) as session:
            assert settle_result(session, held.token, result())
    assert len(sent) == 2
    assert max(map(len, sent)) <= LONGEST_KEPT
    assert states(postgres_engine) == ["done"]


@pytest.mark.parametrize("brought", [FULL, result(evidence=(), log_tail="")], ids=["all", "little"])
def test_everything_a_result_brings_is_written(engine: Engine, brought: Result) -> None:
    submitted(engine, spec())
    held = claimed(engine, registered(engine, "fake"))
    with write(engine) as session:
        assert settle_result(session, held.token, brought)
    with read(engine) as session:
        attempt = session.execute(select(tables.Attempt)).scalar_one()
        rows = session.execute(
            select(tables.Measurement, tables.Samples)
            .join(tables.Samples, tables.Samples.measurement_id == tables.Measurement.id)
            .order_by(tables.Measurement.id)
        ).all()
        doubts = session.execute(select(tables.Doubt)).scalars().all()
        evidence = session.execute(select(tables.Evidence).order_by(tables.Evidence.id)).scalars().all()
        logs = session.execute(select(tables.Artifact.content)).scalars().all()
        assert audit(session, ended=None) == []
    assert (attempt.conditions, attempt.facts) == (brought.conditions, brought.facts)
    assert [(row.metric, row.median, row.ci_low) for row, _ in rows] == [
        (each.metric, each.statistics.median, each.statistics.ci_low) for each in brought.measurements
    ]
    assert [unpack(each.counts, each.data) for _, each in rows] == [each.samples for each in brought.measurements]
    assert [(each.kind, each.figure, each.detail) for each in doubts] == [tuple(NOISE.model_dump().values())] * len(
        brought.doubts
    )
    assert [each.layer for each in evidence] == [each.layer for each in brought.evidence]
    assert [each.figures for each in evidence] == [each.figures for each in brought.evidence]
    assert logs == [brought.log_tail] * bool(brought.log_tail)
    assert states(engine) == ["done"]
