"""Many clients at once, each on a connection of its own, the server that they ask, under watch, and
the gallery whose pictures they want, which keeps them waiting for as long as a test likes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.system.server import Server

_PATIENCE = 60.0
"""Seconds until whatever is waited for must have come."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """seconds: since it was asked for."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        return self.headers.get("x-safelight-error", "")


class Client:
    """A connection, and the one request that was sent on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked = time.monotonic()

    async def answer(self) -> Answer:
        """The whole answer; IncompleteReadError or ConnectionError if it does not come."""
        async with asyncio.timeout(_PATIENCE):
            lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await self._reader.readexactly(int(headers["content-length"]))
        seconds = time.monotonic() - self._asked
        return Answer(int(lines[0].split(" ")[1]), headers, body, seconds)

    def leave(self) -> None:
        """Resets the connection."""
        self._writer.transport.abort()


class Crowd:
    """The clients of a test; made by `crowd`."""

    def __init__(self) -> None:
        self.clients: list[Client] = []

    async def ask(self, port: int, targets: Sequence[str]) -> list[Client]:
        """A client for each target. All have asked when this returns; none has read anything."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(target: str) -> Client:
            async with slots:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            client = Client(reader, writer)
            self.clients.append(client)
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            return client

        async with asyncio.timeout(_PATIENCE):
            return list(await asyncio.gather(*map(one, targets)))


@asynccontextmanager
async def crowd() -> AsyncIterator[Crowd]:
    """Nobody of it is left when the block is."""
    people = Crowd()
    try:
        yield people
    finally:
        leave(people.clients)
        await asyncio.sleep(0)  # that is when the transports close


async def answers(clients: Sequence[Client]) -> list[Answer]:
    return list(await asyncio.gather(*(client.answer() for client in clients)))


def leave(clients: Sequence[Client]) -> None:
    for client in clients:
        client.leave()


async def ask(port: int, target: str) -> Answer:
    """One client's answer."""
    async with crowd() as people:
        (client,) = await people.ask(port, [target])
        return await client.answer()


class Watched:
    """A server, and what it has done since `begin`: the counts of GET /cache."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._before: dict[str, Any] = {}

    async def begin(self) -> None:
        self._before = await self._counts()

    async def done(self, part: str, name: str) -> int:
        return int((await self._counts())[part][name]) - int(self._before[part][name])

    async def tier(self, name: str, what: str) -> int:
        """A count of a tier since the start of the server."""
        return int((await self._counts())["tiers"][name].get(what, 0))

    async def until(self, part: str, name: str, number: int) -> None:
        """Waits for a count to come, or fails."""
        async with asyncio.timeout(_PATIENCE):
            while await self.done(part, name) != number:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def see_off(self, clients: Sequence[Client]) -> None:
        """Lets them leave, until the server has noticed all of them."""
        gone = self.server.logged.count('"client_gone"') + len(clients)
        leave(clients)
        async with asyncio.timeout(_PATIENCE):
            while self.server.logged.count('"client_gone"') < gone:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    @contextmanager
    def standstill(self) -> Iterator[None]:
        """The workers take jobs but do not get on with them until the block is left."""
        workers = self.server.workers
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in workers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def _counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = json.loads((await ask(self.server.admin_port, "/cache")).body)
        return counts


class Gallery:
    """A web server. Its pictures have their digests as ETags; made by `gallery`."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self._pictures: dict[str, bytes] = {}
        self._gates = {"HEAD": asyncio.Event(), "GET": asyncio.Event()}
        self._drips = False
        for gate in self._gates.values():
            gate.set()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, data: bytes) -> str:
        """A picture that nobody has seen before; what it is called in a URL of ours."""
        name = f"/{len(self._pictures)}.bin"
        self._pictures[name] = data
        return f"http://{self.host}{name}"

    def times(self, method: str, source: str) -> int:
        """How often the picture was asked for."""
        return self.asked.count(f"{method} {source.removeprefix(f'http://{self.host}')}")

    @contextmanager
    def holding(self, method: str) -> Iterator[None]:
        """Requests of this method are heard, and answered when the block is left."""
        self._gates[method].clear()
        try:
            yield
        finally:
            self._gates[method].set()

    @contextmanager
    def dripping(self) -> Iterator[None]:
        """Bodies come byte by byte: they are never silent, but do not end either."""
        self._drips = True
        try:
            yield
        finally:
            self._drips = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, name, _ = lines[0].split(" ")
                self.asked.append(f"{method} {name}")
                await self._gates[method].wait()
                data = self._pictures[name]
                fields = f'ETag: "{sha256(data).hexdigest()}"\r\nContent-Length: {len(data)}'
                writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode())
                if method == "GET":
                    await self._send(data, writer)
                await writer.drain()

    async def _send(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        while self._drips and data:
            writer.write(data[:1])
            await writer.drain()
            data = data[1:]
            await asyncio.sleep(0.05)
        writer.write(data)


@asynccontextmanager
async def gallery() -> AsyncIterator[Gallery]:
    """Serves on a free port until the block is left."""
    opened, tasks = Gallery(), set[asyncio.Task[None]]()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await opened.serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the server ends; a stream's callback would report the cancellation as an error
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    listener = await asyncio.start_server(connect, "127.0.0.1", 0)
    opened.port = listener.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()
