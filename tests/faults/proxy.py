"""A TCP proxy between a farm and its broker that can swallow bytes with the sockets open, or cut every connection."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

PIECE: Final = 65536  # bytes
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s; closing sends a reset


class Proxy:
    """Passes bytes on to a port of this box, unless told to swallow them."""

    def __init__(self, port: int) -> None:
        """Listen on a port of our own for connections to `port`."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._swallow = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def black_hole(self) -> Iterator[None]:
        """Swallow every byte of all connections, old and new, which stay open."""
        self._swallow.set()
        try:
            yield
        finally:
            self._swallow.clear()

    def cut(self) -> int:
        """Reset all connections; give how many there were."""
        there, self._open = self._open, []
        for each in there:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        return len(there) // 2

    def close(self) -> None:
        """Listen no more, and cut what is open."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except ConnectionRefusedError:  # the broker is down
                    near.close()
                    continue
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if not self._swallow.is_set():
                    sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
