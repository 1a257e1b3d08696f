"""Opens the database: one transaction style for SQLite and PostgreSQL, one clock, and clear errors.

In: a URL. Out: an Engine; `write` for a transaction that may change rows, `read` for one that cannot.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from farm.contract.errors import NoDatabase
from farm.database.tables import UtcDateTime

FROZEN: Final = 60  # seconds until a process that froze within a transaction loses it, and the rows it holds are free
BUSY_TIMEOUT: Final = 30.0  # seconds a SQLite writer waits for another one
CONNECT_TIMEOUT: Final = 5  # seconds to reach PostgreSQL
KEPT_OPEN: Final = 1  # connections of a process that nobody uses: a farm has thousands of processes
MORE_AT_ONCE: Final = 14  # connections beside it, each for as long as it is used
TRUSTED: Final = 1.0  # seconds for which a connection that was just used is not asked whether it still lives
#: A network that stalls ends a connection in seconds, not hours (libpq's options; on a unix socket they do nothing).
STALLED: Final = {
    "keepalives_idle": 10,  # seconds of silence until the other side is asked whether it lives
    "keepalives_interval": 5,  # seconds between two such questions
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds that sent data may stay unacknowledged
}
PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
USED: Final = "last used"  # a pooled connection's note of the monotonic clock


def open_engine(url: str) -> Engine:
    """Open an engine; the folder of a SQLite file is made.

    Raises: NoDatabase when the URL is wrong, its driver is missing, or nothing answers.
    """
    try:
        target = _with_driver(make_url(url))
        engine = _sqlite(target) if target.get_backend_name() == "sqlite" else _server(target)
        with engine.connect():
            pass
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise NoDatabase(
            f"the database URL is wrong: {error}. Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from error
    except ValueError:  # its text would show what stands where a port should, which may be half a password
        raise NoDatabase(
            "the database URL cannot be read: "
            "write postgresql://USER:PASSWORD@HOST:5432/NAME, with %XX for special characters"
        ) from None
    except (DBAPIError, OSError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
        shown = make_url(url).render_as_string(hide_password=True)
        raise NoDatabase(f"no database at {shown}: {reason}. Check FARM_DATABASE_URL or --db") from error
    return engine


@contextmanager
def write(engine: Engine) -> Iterator[Session]:
    """Run one transaction that may write: committed at the end, rolled back on an error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def read(engine: Engine) -> Iterator[Session]:
    """Run one transaction that cannot write, by the database's own word."""
    with engine.connect() as connection:
        # PostgreSQL's own option, which the pool takes back; ours for SQLite is looked at by _begin_sqlite.
        connection.execution_options(postgresql_readonly=True, farm_read_only=True)
        with Session(connection) as session:
            yield session


def insert_rows(session: Session, statement: Insert, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert any number of rows; a single one by the shorter way, which spares a job several round trips."""
    if rows:
        session.execute(statement, rows if len(rows) > 1 else rows[0])


def now(connection: Connection | Session) -> datetime:
    """Give the database's UTC time: worker clocks are never compared. SQLite lives on one host, so its clock serves."""
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    if bind.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def moment(*, server: bool) -> ColumnElement[datetime]:
    """Give that time as an expression, one moment for a whole statement: so it need not be asked for before.

    `server` says that the database has a clock of its own, as `has_clock` tells.
    """
    if server:
        return func.statement_timestamp(type_=UtcDateTime())
    return bindparam("moment", callable_=lambda: datetime.now(UTC), type_=UtcDateTime())


def has_clock(session: Session) -> bool:
    """Say whether the database is a server with a clock of its own."""
    return session.get_bind().dialect.name != "sqlite"


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _server(url: URL) -> Engine:
    connect = {"connect_timeout": CONNECT_TIMEOUT, **STALLED}
    engine = create_engine(url, pool_size=KEPT_OPEN, max_overflow=MORE_AT_ONCE, connect_args=connect)
    event.listen(engine, "connect", _set_up_server)
    event.listen(engine, "checkin", _note_use)

    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used = record.info.get(USED)
        if used is None or time.monotonic() - used < TRUSTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # the pool connects anew, and so it does for its other ones

    event.listen(engine, "checkout", ask)
    return engine


def _note_use(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[USED] = time.monotonic()


def _set_up_server(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{FROZEN}s'")
    cursor.close()
    connection.commit()


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        file = Path(url.database).expanduser()
        file.absolute().parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        if not file.exists():
            file.touch(mode=PRIVATE_FILE)  # what SQLite lays beside it, it gives the same mode
        url = url.set(database=str(file))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Said anew for each transaction: a pooled connection never carries the mode of the one before.
    read_only = bool(connection.get_execution_options().get("farm_read_only"))
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    # A deferred transaction that later writes can fail with SQLITE_BUSY at once; an immediate one waits its turn.
    connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")
