"""Keep-alive connections with one request at a time, at as little cost as Python allows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

_NO_ANSWER: Final = 0
# Less than any server keeps an idle connection: a request that meets its end gets no answer.
_MOST_IDLE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """status: 0 if none came. shed: whether it says when to come again, and keeps caches off."""

    status: int
    shed: bool
    error: str = ""


class NoneFree(Exception):
    """As many requests as may be are under way."""


class Connections:
    """To one port; opened as they are needed, at most so many. patience: seconds for an answer."""

    def __init__(self, port: int, *, most: int, patience: float = 30.0) -> None:
        self._port = port
        self._most = most
        self._patience = patience
        self._idle: list[_Connection] = []
        self._open = 0

    async def ask(self, request: bytes) -> Reply:
        """NoneFree at once rather than late: who waits here would not be counted as waiting."""
        connection = self._take_idle()
        if connection is None and self._open >= self._most:
            raise NoneFree
        if connection is None:
            self._open += 1
        try:
            async with asyncio.timeout(self._patience):
                if connection is None:
                    connection = await self._connect()
                reply = await connection.ask(request)
        except (OSError, TimeoutError):
            self._open -= 1
            if connection is not None:
                connection.close()
            return Reply(_NO_ANSWER, shed=False)
        except asyncio.CancelledError:
            self._open -= 1
            if connection is not None:
                connection.close()
            raise
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        return reply

    def close(self) -> None:
        """Those that are idle; the others are closed by who asks on them."""
        for connection in self._idle:
            connection.close()
        self._open -= len(self._idle)
        self._idle.clear()

    def _take_idle(self) -> _Connection | None:
        """The one that was used last; if that was long ago, none is of use."""
        now = asyncio.get_running_loop().time()
        if self._idle and now - self._idle[-1].idle_since > _MOST_IDLE_SECONDS:
            self.close()
        return self._idle.pop() if self._idle else None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()
        self._needed = 0
        self._reply: Reply | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._lost = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)

    async def ask(self, request: bytes) -> Reply:
        """ConnectionError if it ends before the answer does."""
        if self._lost:
            raise ConnectionResetError("the server closed an idle connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._reply is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._reply, length = _read(bytes(self._received[:end]).lower())
            self._needed = end + 4 + length
        if len(self._received) < self._needed:
            return
        reply = self._reply
        self._received.clear()
        self._reply = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed"))


def _read(head: bytes) -> tuple[Reply, int]:
    """What it says, and how many bytes follow."""
    status = int(head[9:12])
    if status == 304:
        return Reply(status, shed=False), 0
    length = int(_field(head, b"content-length") or b"0")
    if status == 200:
        return Reply(status, shed=False), length
    kept_off = _field(head, b"cache-control") == b"no-store"
    shed = status == 503 and kept_off and _field(head, b"retry-after").isdigit()
    return Reply(status, shed, _field(head, b"x-safelight-error").decode()), length


def _field(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0] if found else b""
