"""Runs beside a farm process: keeps one server alive while that process lives, and ends it with that process.

In: a folder and a server command as arguments; on stdin the server's configuration up to an empty line, then nothing
more for as long as the farm process lives: a pipe ends with its last holder, even with one that was killed.
Out: the server stopped and the folder removed. It is started by its path, so it imports nothing of the farm.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

OWNER = 0  # the file descriptor of stdin
STOP_WITHIN = 3.0  # seconds for the server to end in order
RESTARTS = 10  # of a server that was killed; what it has logged of its changes comes back


def main(folder: str, command: list[str]) -> int:
    """Run the server until our stdin ends, and give its exit code if it ends by itself."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    ended = None
    try:
        settings = _read_settings()
        for _ in range(1 + RESTARTS):
            ended = _run(command, settings)
            if ended is None or ended >= 0:  # one that ended by its own will would only do so again
                break
    finally:
        if ended is None:  # otherwise the owner reads the log in it first
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if ended is None else 1


def _run(command: list[str], settings: bytes) -> int | None:
    """Run the server once; None when the owner went first."""
    alive, held_by_server = os.pipe()
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[held_by_server]) as server:
        os.close(held_by_server)
        try:
            assert server.stdin is not None
            with suppress(BrokenPipeError):
                server.stdin.write(settings)
                server.stdin.close()
            readable, _, _ = select.select([OWNER, alive], [], [])
            return None if OWNER in readable else server.wait()
        finally:
            os.close(alive)
            _stop(server)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _read_settings() -> bytes:
    received = b""
    while not received.endswith(b"\n\n"):
        piece = os.read(OWNER, 65536)
        if not piece:
            sys.exit(0)
        received += piece
    return received


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
