"""Brings a database to the program's schema, and refuses one that the program does not know."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from farm.contract.errors import DatabaseBehind, DatabaseNewer, NoDatabase

UPGRADE_LOCK: Final = 7_302_914  # any number, the same in all programs that upgrade this schema


def head() -> str:
    """Give the revision that the program wants."""
    return str(_scripts().get_current_head())


def current(engine: Engine) -> str | None:
    """Give the revision that the database is at; None for an empty one."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    return found


def check(engine: Engine) -> None:
    """Refuse a database that is behind or ahead of the program.

    Raises: DatabaseBehind, DatabaseNewer.
    """
    found = current(engine)
    if found == head():
        return
    if found is None or _known(found):
        raise DatabaseBehind(f"the database is at revision {found or 'none'}, not {head()}: run `farm db upgrade`")
    raise _newer(found)


def upgrade(engine: Engine) -> str:
    """Bring the database to the program's revision, and give it. Safe when several processes do it at once.

    Raises: DatabaseNewer.
    """
    found = current(engine)
    if found is not None and not _known(found):
        raise _newer(found)
    if found != head():
        with engine.begin() as connection:  # on SQLite this holds the write lock; PostgreSQL needs a lock of its own
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            command.upgrade(_config(connection), "head")
    return head()


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to a revision; `base` empties it."""
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def _newer(found: str) -> DatabaseNewer:
    return DatabaseNewer(
        f"the database is at revision {found}, which this program does not know: install a newer benchmark-farm"
    )


def _known(revision: str) -> bool:
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_folder()))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    """Find the migrations: beside this file in an installed wheel, at the top of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parent / "migrations", here.parents[2] / "migrations"):
        if (folder / "env.py").exists():
            return folder
    raise NoDatabase("this installation lacks its migrations folder; install benchmark-farm anew")
