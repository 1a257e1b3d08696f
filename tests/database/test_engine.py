"""The database opens on both kinds, `read` cannot write, `write` is one transaction, and time is UTC."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from farm.contract.errors import NoDatabase
from farm.database import tables
from farm.database.engine import now, open_engine, read, write

WHEN = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)


def a_machine(public_id: str, seen: datetime = WHEN) -> tables.Machine:
    return tables.Machine(
        public_id=public_id, host_id=public_id, name="box", fingerprint="f", facts={"cores": 2},
        first_seen_at=seen, last_seen_at=seen,
    )  # fmt: skip


def names(engine: Engine) -> list[str]:
    with read(engine) as session:
        return list(session.scalars(select(tables.Machine.public_id).order_by(tables.Machine.id)))


def test_write_keeps_everything_or_nothing(engine: Engine) -> None:
    with write(engine) as session:
        session.add(a_machine("kept"))
    with pytest.raises(ZeroDivisionError), write(engine) as session:
        session.add(a_machine("lost"))
        session.flush()
        raise ZeroDivisionError
    assert names(engine) == ["kept"]


def test_read_cannot_write_whether_by_rows_or_by_sql(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), read(engine) as session:
        session.add(a_machine("no"))
        session.flush()
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), read(engine) as session:
        session.execute(text("DELETE FROM machine"))
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), read(engine) as session:
        session.execute(text("CREATE TABLE mine (id INTEGER)"))


def test_read_cannot_write_after_a_commit_within_it(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), read(engine) as session:
        session.execute(select(1))
        session.commit()
        session.add(a_machine("no"))
        session.flush()


def test_the_connection_of_a_read_can_write_afterwards(engine: Engine) -> None:
    with read(engine) as session:
        session.execute(select(tables.Machine))
    with write(engine) as session:
        session.add(a_machine("after a read"))
    with pytest.raises(ZeroDivisionError), read(engine) as session:
        session.execute(select(tables.Machine))
        raise ZeroDivisionError
    with write(engine) as session:
        session.add(a_machine("after a failed read"))
    with pytest.raises(DBAPIError), read(engine) as session:
        session.execute(text("DELETE FROM machine"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE machine SET name = 'also by the engine itself'"))
    assert names(engine) == ["after a read", "after a failed read"]


def test_a_read_goes_on_while_another_writes(engine: Engine) -> None:
    with write(engine) as session:
        session.add(a_machine("one"))
        session.flush()
        assert names(engine) == []
    assert names(engine) == ["one"]


def test_writers_wait_for_each_other_and_lose_no_update(engine: Engine) -> None:
    with write(engine) as session:
        session.add(a_machine("counter"))

    def count() -> None:
        for _ in range(25):
            with write(engine) as session:
                session.execute(text("UPDATE machine SET name = 'n' || name WHERE public_id = 'counter'"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(engine) as session:
        assert session.scalar(select(tables.Machine.name)) == "n" * 100 + "box"


def test_times_come_back_as_the_same_utc_moment(engine: Engine) -> None:
    summer = WHEN.astimezone(timezone(timedelta(hours=2)))
    with write(engine) as session:
        session.add_all([a_machine("utc"), a_machine("summer", summer)])
    with read(engine) as session:
        seen = session.scalars(select(tables.Machine.last_seen_at)).all()
        assert seen == [WHEN, WHEN]
        assert {value.utcoffset() for value in seen} == {timedelta(0)}
        later = tables.Machine.last_seen_at > summer - timedelta(microseconds=1)
        assert len(session.scalars(select(tables.Machine).where(later)).all()) == 2
        assert not session.scalars(select(tables.Machine).where(tables.Machine.last_seen_at > summer)).all()


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="no time zone"), write(engine) as session:
        session.add(a_machine("naive", datetime(2026, 1, 1)))


def test_now_is_utc_and_moves_on_within_a_transaction(engine: Engine) -> None:
    with write(engine) as session:
        first = now(session)
        second = now(session.connection())
        assert first.utcoffset() == timedelta(0)
        assert first < second
        assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)


def test_figures_above_two_gib_fit(engine: Engine) -> None:
    column = tables.Attempt.__table__.c.peak_memory_bytes
    with engine.connect() as connection:
        wide = connection.execute(select(text(f"CAST({2**40} AS {column.type.compile(engine.dialect)})")))
        assert wide.scalar_one() == 2**40


def test_a_new_sqlite_file_and_its_folder_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    engine = open_engine(f"sqlite:///{folder / 'farm.sqlite3'}")
    with write(engine) as session:
        session.execute(text("CREATE TABLE t (id INTEGER)"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    engine.dispose()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert {"farm.sqlite3", "farm.sqlite3-wal"} <= set(modes)


def test_a_connection_that_died_while_nobody_used_it_is_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farm.database.engine.TRUSTED", 0)
    engine, killer = open_engine(postgres_url), open_engine(postgres_url)
    with read(engine) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with killer.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    with read(engine) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
    engine.dispose()
    killer.dispose()


def test_a_tilde_means_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_engine("sqlite:///~/deep/farm.sqlite3").dispose()
    assert (tmp_path / "deep" / "farm.sqlite3").is_file()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url at all", "the database URL is wrong"),
        ("oracle9://x/y", "the database URL is wrong"),
        ("sqlite:////proc/none/farm.sqlite3", "no database at sqlite:////proc/none/farm.sqlite3"),
        ("postgresql://me:secret@127.0.0.1:1/farm", r"no database at postgresql://me:\*\*\*@127.0.0.1:1/farm"),
    ],
)
def test_what_cannot_be_opened_says_why_and_hides_the_password(url: str, words: str) -> None:
    with pytest.raises(NoDatabase, match=words) as caught:
        open_engine(url)
    assert "secret" not in str(caught.value)
