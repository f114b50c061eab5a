"""`ws://`: a WebSocket server. Each client gets the sidecar's lines, one message a frame (docs/streaming.md).

Nothing is read but the handshake, whose size and duration are bounded; a browser's page is let in from this
machine alone. A client that can't keep up misses frames; one that has died is dropped by its missing pong.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any, cast

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Origin

from app.errors import UserError
from app.export.formats.sidecar import as_line, head
from app.frame import FrameHands
from app.stream.address import StreamAddress, resolved

PATHS = {"/": False, "/mesh": True}
"""What a client may ask for: whether the mesh is in its frames."""
MOST_CLIENTS = 16
_HANDSHAKE_S, _PING_S, _PONG_S, _CLOSE_S = 3.0, 5.0, 10.0, 1.0
_MOST_READ = 125  # bytes: nothing is expected from a client but control frames, which are no longer
_BUFFERED = 1 << 17  # bytes that wait for a slow client before it begins to miss frames: two with meshes

_log = logging.getLogger(__name__ + ".library")
_log.addHandler(logging.NullHandler())
_log.propagate = False  # what strangers send is no error of ours


class _Wire:
    """A client's connection for two threads: the server's writes by asyncio's transport; that of the frames
    by a second handle of the same socket, past the server's loop, which would have to be woken first."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._socket = transport.get_extra_info("socket").dup()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFERED)
        self._lock = Lock()
        self._rest = b""  # of a frame that was taken in part: nothing may go before it

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """The server's thread: handshakes, pings, goodbyes."""
        with self._lock:
            rest, self._rest = self._rest, b""
            self._transport.write(rest + data)

    def write_frame(self, data: bytes, connection: ServerConnection) -> None:
        """The frames' thread: a whole frame, at once or not at all."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if connection.state is not State.OPEN or self._transport.get_write_buffer_size():
                return  # on its way out, or slow
            rest = len(self._rest)
            sent = self._socket.send(self._rest + data)
            self._rest = (self._rest + data)[sent:] if sent > rest else self._rest[sent:]
        except OSError:
            return  # nothing fits in, or it has gone, which the server sees too
        finally:
            self._lock.release()

    def leave(self) -> None:
        with self._lock:
            self._socket.close()


class _Connection(ServerConnection):
    mesh = False  # whether it is in this client's frames

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = _Wire(cast(asyncio.Transport, transport))
        super().connection_made(cast(asyncio.Transport, self.wire))

    def connection_lost(self, exc: Exception | None) -> None:
        self.wire.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.protocol.close_sent is not None and len(data) > _MOST_READ + 6:
            self.transport.abort()  # sent away, and still talking: a closing frame's answer is shorter
        else:
            super().data_received(data)


class WebSocketSender:
    """The server, on a thread of its own, and `send`, which writes to every client past it."""

    def __init__(self, address: StreamAddress, tell: Callable[[str], None]) -> None:
        """tell: a line about a client that was sent away. Raises UserError where the port can't be had."""
        self._address, self._tell = address, tell
        self._clients: set[_Connection] = set()
        self._stop = asyncio.Event()
        self._ready = Event()
        self._fault: OSError | None = None
        _, where = resolved(address, socket.SOCK_STREAM)
        self._thread = Thread(target=self._run, args=(where[0],), name="websocket server")
        self._thread.start()
        self._ready.wait()
        if self._fault is not None:
            self._thread.join()
            fault = os.strerror(self._fault.errno or 0)  # asyncio's own words are longer than a line
            reason = f"{address.text} can't be served ({fault}); choose another port or host"
            raise UserError(reason) from self._fault

    def send(self, moment: FrameHands) -> None:
        frames: dict[bool, bytes] = {}
        for client in tuple(self._clients):
            if client.mesh not in frames:
                text = as_line(moment, client.mesh)
                frames[client.mesh] = WebSocketFrame(Opcode.TEXT, text).serialize(mask=False)
            client.wire.write_frame(frames[client.mesh], client)

    def close(self) -> None:
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self, host: str) -> None:
        try:
            asyncio.run(self._serve(host))  # what hangs at the end is cancelled
        finally:
            self._ready.set()

    async def _serve(self, host: str) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            server = await serve(
                self._talk,
                host,
                self._address.port,
                origins=_origins(self._address),
                compression=None,
                process_request=self._check,
                open_timeout=_HANDSHAKE_S,
                ping_interval=_PING_S,
                ping_timeout=_PONG_S,
                close_timeout=_CLOSE_S,
                max_size=_MOST_READ,
                max_queue=1,
                write_limit=_BUFFERED,
                server_header=None,
                logger=_log,
                create_connection=_Connection,
            )
        except OSError as error:
            self._fault = error
            return
        finally:
            self._ready.set()
        await self._stop.wait()
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 2 * _CLOSE_S)

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path not in PATHS:
            return connection.respond(404, f"There are {' and '.join(PATHS)}\n")
        if len(self._clients) >= MOST_CLIENTS:
            self._tell(f"{self._address.text}: a client more than {MOST_CLIENTS} was sent away")
            return connection.respond(503, "Too many clients\n")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        """One client, until it goes."""
        assert isinstance(connection, _Connection)
        connection.mesh = connection.request is not None and PATHS[connection.request.path]
        try:
            await connection.send(orjson.dumps(head()).decode())
            self._clients.add(connection)
            await self._refuse_messages(connection)
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(connection)

    async def _refuse_messages(self, connection: ServerConnection) -> None:
        try:
            await connection.recv()
            await connection.close(1008, "nothing is read here")
        except ConnectionClosed as closed:
            if closed.sent is None or closed.sent.code in (1000, 1001, 1011):
                return  # it went by itself, or its pong did not come
        except UnicodeDecodeError:
            await connection.close(1008, "nothing is read here")
        self._tell(f"{self._address.text}: a client sent something and was sent away; nothing is read here")


def _origins(address: StreamAddress) -> list[Origin | re.Pattern[str] | None]:
    """None: programs that are no browser say no origin."""
    hosts = {"localhost", "127.0.0.1", "[::1]", address.host}
    names = "|".join(re.escape(host) for host in sorted(hosts))
    return [None, re.compile(rf"https?://({names})(:\d{{1,5}})?")]


def open_sender(address: StreamAddress, tell: Callable[[str], None]) -> WebSocketSender:
    """For the registry. Raises UserError."""
    return WebSocketSender(address, tell)
