"""The database through the command line: upgraded, checked, refused when it does not fit."""

import pytest
from sqlalchemy import text

from farm.database import migrate
from farm.database.engine import open_engine
from tests.cli.conftest import Farm


def test_a_database_is_brought_up_to_date_once(farm: Farm, database_url: str) -> None:
    assert "run: farm db upgrade" in farm("db", "check", "--db", database_url, check=3).err
    for command in ("upgrade", "upgrade", "check"):
        answer = farm("db", command, "--db", database_url)
        assert f"the database is at revision {migrate.head()}" in answer.err


def test_a_newer_database_is_refused(farm: Farm, database_url: str) -> None:
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for command in (("db", "upgrade"), ("db", "check"), ("sweep", "list")):
        answer = farm(*command, "--db", database_url, check=3)
        assert "install a newer benchmark-farm" in answer.out + answer.err


def test_a_server_that_is_behind_is_refused_and_the_embedded_database_is_upgraded(
    farm: Farm, postgres_url: str
) -> None:
    assert "run: farm db upgrade" in farm("results", "--db", postgres_url, check=3).err
    assert farm("results", "-f", "json").out == "[]\n"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense://x", "the database URL is wrong"),
        ("not a url", "the database URL is wrong"),
        ("postgresql://farm:s3cret@127.0.0.1:1/farm", "no database at postgresql://farm:***@127.0.0.1:1/farm"),
        ("sqlite:////proc/nowhere/farm.sqlite3", "no database at"),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(farm: Farm, url: str, words: str) -> None:
    answer = farm("results", "--db", url, check=3)
    assert words in answer.err
    assert "s3cret" not in answer.err
