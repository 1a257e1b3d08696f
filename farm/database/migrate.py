"""Brings the database's schema to this program's revision and back, and refuses one that does not fit.

In: an Engine. Out: the revision it stands at; every move is one transaction, taken by one process at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from farm.contract.errors import DatabaseBehind, DatabaseNewer, NoDatabase

ADVISORY_LOCK: Final = 0x6661726D  # any number that nobody else takes: "farm"


def upgrade(engine: Engine) -> str:
    """Bring the schema to this program's revision, and give that. Two processes may do so at once.

    Raises: DatabaseNewer when the database is ahead of the program.
    """
    with _alone(engine) as connection:
        _refuse_newer(_revision(connection))
        command.upgrade(config(connection), "head")
    return head()


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision; `base` drops every table.

    Raises: DatabaseNewer when the database is ahead of the program.
    """
    with _alone(engine) as connection:
        _refuse_newer(_revision(connection))
        command.downgrade(config(connection), revision)


def check(engine: Engine) -> None:
    """Return when the schema is this program's.

    Raises: DatabaseBehind or DatabaseNewer, saying what to do.
    """
    found = current(engine)
    _refuse_newer(found)
    if found != head():
        state = f"at revision {found}" if found else "empty"
        raise DatabaseBehind(f"the database is {state}, this program needs revision {head()}; run: farm db upgrade")


def current(engine: Engine) -> str | None:
    """Give the revision the database stands at; None when no migration ever ran."""
    with engine.connect() as connection:
        return _revision(connection)


def head() -> str:
    """Give the revision that this program needs."""
    return _scripts().get_current_head() or "base"


def migrations() -> Path:
    """Find the migrations: inside the package when installed from a wheel, beside it in a checkout."""
    inside = Path(__file__).parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Configure Alembic in code: no alembic.ini is needed where the farm is installed."""
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Hold the only migrating transaction; all of it is kept, or nothing."""
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
                yield connection
            return
        # SQLite changes a table by copying it, which foreign keys would forbid. They can be switched only outside a
        # transaction, so not by SQLAlchemy, which always begins one: BEGIN IMMEDIATE, which is the lock. While a table
        # is away, views that read it are wrong: the legacy ALTER does not look at them.
        _switch(connection, foreign_keys="OFF", legacy_alter_table="ON")
        try:
            with connection.begin():
                yield connection
                _refuse_dangling(connection)
        finally:
            _switch(connection, foreign_keys="ON", legacy_alter_table="OFF")


def _switch(connection: Connection, **pragmas: str) -> None:
    cursor = connection.connection.cursor()
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name} = {value}")
    cursor.close()


def _refuse_dangling(connection: Connection) -> None:
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if rows:
        raise NoDatabase(f"nothing was changed: the migration would leave {len(rows)} dangling rows: {rows[:3]}")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseNewer(
            f"the database is at revision {found}, which this program does not know: install a newer benchmark-farm"
        )


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())
