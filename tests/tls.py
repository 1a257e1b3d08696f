"""TLS in front of the plain servers of the tests: the wheels they come from are built without it.

What speaks through it is the client that the farm really uses; so a front stands where a proxy or the server's own TLS
would. PostgreSQL's clients ask for TLS first, in eight bytes of their own.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import trustme

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
CHUNK: Final = 2**16  # bytes


class Front(NamedTuple):
    """A port that speaks TLS, and the files of the authority that signed it and of one that did not."""

    port: int
    authority: Path
    stranger: Path


@contextmanager
def tls_front(folder: Path, *, port: int | None = None, socket: Path | None = None) -> Iterator[Front]:
    """Serve TLS in front of a Redis at a port, or of a PostgreSQL at a unix socket."""
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    for name, each in (("authority", authority), ("stranger", stranger)):
        each.cert_pem.write_to_path(str(folder / f"{name}.pem"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            if socket is None:
                await writer.start_tls(context)
                behind = await asyncio.open_connection("127.0.0.1", port)
            else:
                if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                    return writer.close()  # a server that is told to take nothing else does the same
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                behind = await asyncio.open_unix_connection(str(socket))
            await asyncio.gather(_pass_on(reader, behind[1]), _pass_on(behind[0], writer))
        return None

    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop).result()
    try:
        number = server.sockets[0].getsockname()[1]
        yield Front(number, folder / "authority.pem", folder / "stranger.pem")
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        _close(loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
