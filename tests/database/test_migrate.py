"""The schema goes up and down with data in place, equals the tables, and refuses a database that does not fit."""

import subprocess
import sys
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, String, func, insert, inspect, select, text

from farm.contract.errors import DatabaseBehind, DatabaseNewer
from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.judge import judge
from farm.database import migrate, tables
from farm.database.engine import open_engine, read, write
from farm.queries.audit import audit
from tests.builders import done, registered, spec, submitted

WHEN = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def a_sweep(public_id: str) -> tables.Sweep:
    return tables.Sweep(
        public_id=public_id, name="mine", plan={}, source="", labels={}, priority=5, pool="shared", created_at=WHEN
    )


def a_job(sweep: tables.Sweep) -> tables.Job:
    return tables.Job(
        public_id="j1", sweep_id=sweep.id, position=0, spec={"a": [1, None]}, fingerprint="f", model="gpt2",
        family="text_generation", platform="cpu", precision="fp32", scenario="latency", batch_size=1, queue="q",
        priority=5, state="planned", max_attempts=3, created_at=WHEN,
    )  # fmt: skip


def set_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_a_new_database_comes_to_the_programs_revision(empty_engine: Engine) -> None:
    assert migrate.current(empty_engine) is None
    assert migrate.upgrade(empty_engine) == migrate.head()
    assert migrate.current(empty_engine) == migrate.head()
    migrate.check(empty_engine)


def test_the_migrations_make_exactly_the_tables_of_the_program(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.Table.metadata) == []
    assert set(tables.Table.metadata.tables) < set(inspect(engine).get_table_names())


def test_an_upgrade_leaves_the_data_of_an_up_to_date_database_alone(engine: Engine) -> None:
    with write(engine) as session:
        sweep = a_sweep("s1")
        session.add(sweep)
        session.flush()
        session.add(a_job(sweep))
    migrate.upgrade(engine)
    with read(engine) as session:
        job = session.scalars(select(tables.Job)).one()
        assert (job.spec, job.created_at) == ({"a": [1, None]}, WHEN)


def test_down_to_nothing_with_data_in_place_and_up_again(engine: Engine) -> None:
    with write(engine) as session:
        sweep = a_sweep("s1")
        session.add(sweep)
        session.flush()
        session.add(a_job(sweep))
    migrate.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert migrate.current(engine) is None
    migrate.upgrade(engine)
    with write(engine) as session:
        session.add(a_sweep("s1"))
    with read(engine) as session:
        assert session.scalar(select(func.count()).select_from(tables.Sweep)) == 1


def test_every_migration_can_be_undone_one_by_one(engine: Engine) -> None:
    while migrate.current(engine) is not None:
        before = migrate.current(engine)
        migrate.downgrade(engine, "-1")
        assert migrate.current(engine) != before
    assert migrate.upgrade(engine) == migrate.head()


def test_verdicts_are_judged_again_by_the_rules_of_the_program(engine: Engine) -> None:
    submitted(engine, spec())
    done(engine, registered(engine, "fake"), job_id=1)
    proofs = [
        [
            Evidence(layer=layer, outcome=each, reason="", figures={})
            for layer, each in zip(Layer, chosen, strict=True)
            if each
        ]
        for chosen in list(product((None, *Outcome), repeat=len(Layer)))[::3]
    ]
    with write(engine) as session:
        first = session.execute(select(tables.Attempt.__table__)).mappings().one()
        for key, proof in enumerate(proofs, start=2):
            own = {"id": key, "public_id": str(key), "token": str(key), "number": key, "verdict": Verdict.MOCK}
            session.execute(insert(tables.Attempt), {**first, **own})
            for item in proof:
                session.execute(insert(tables.Evidence), {"attempt_id": key, **dict(item)})
    earned = list(map(judge, proofs))
    with read(engine) as session:
        wrong = [each for each in audit(session) if each.wrong.startswith("a verdict that the evidence does not earn")]
        assert len(wrong) == sum(verdict is not Verdict.MOCK for verdict in earned)
    migrate.downgrade(engine, "0004")
    migrate.upgrade(engine)
    with read(engine) as session:
        assert session.scalars(select(tables.Attempt.verdict).order_by(tables.Attempt.id)).all() == [
            Verdict.REAL,
            *earned,
        ]


def test_a_table_that_a_view_reads_can_be_changed(engine: Engine) -> None:
    with migrate._alone(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("attempt", recreate="auto") as batch:
            batch.add_column(Column("extra", String(9)))
            batch.create_unique_constraint("uq_attempt_extra", ["extra"])
    with read(engine) as session:
        assert session.execute(text("SELECT count(*) FROM measured")).scalar_one() == 0


def test_foreign_keys_hold_after_a_migration(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), write(engine) as session:
        sweep = a_sweep("s1")
        sweep.id = 1
        session.add(a_job(sweep))


def test_an_empty_database_is_behind_and_the_message_says_what_to_type(empty_engine: Engine) -> None:
    with pytest.raises(DatabaseBehind, match=r"the database is empty.*run: farm db upgrade"):
        migrate.check(empty_engine)


def test_a_newer_database_is_refused_and_left_alone(engine: Engine) -> None:
    set_revision(engine, "9999")
    message = "at revision 9999, which this program does not know: install a newer benchmark-farm"
    with pytest.raises(DatabaseNewer, match=message):
        migrate.check(engine)
    with pytest.raises(DatabaseNewer, match=message):
        migrate.upgrade(engine)
    with pytest.raises(DatabaseNewer, match=message):
        migrate.downgrade(engine, "base")
    assert migrate.current(engine) == "9999"
    assert "sweep" in inspect(engine).get_table_names()


def test_a_migration_that_fails_leaves_nothing_half_done(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:
        connection.execute(text("CREATE TABLE samples (id INTEGER)"))  # the last table of the first migration
    with pytest.raises(Exception, match="samples"):
        migrate.upgrade(empty_engine)
    assert set(inspect(empty_engine).get_table_names()) == {"samples"}
    with empty_engine.begin() as connection:
        connection.execute(text("DROP TABLE samples"))
    assert migrate.upgrade(empty_engine) == migrate.head()


def test_many_processes_may_upgrade_the_same_new_database_at_once(database_url: str) -> None:
    program = (
        "import sys; from farm.database import migrate; from farm.database.engine import open_engine;"
        "sys.stdin.read(); print(migrate.upgrade(open_engine(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, database_url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
    for process in processes:
        process.stdin.close()  # type: ignore[union-attr]
        process.stdin = None
    answers = [process.communicate(timeout=60) for process in processes]
    assert [answer for answer, _ in answers] == [f"{migrate.head()}\n"] * 4, answers
    engine = open_engine(database_url)
    migrate.check(engine)
    engine.dispose()
