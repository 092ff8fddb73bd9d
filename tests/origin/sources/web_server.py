"""A small web server: answers by path, counts connections, speaks TLS if given a certificate."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from origin.sources.web import WebSource, open_web
from origin.sources.web_transport import Resolve
from tests.origin.sources.impostor import Answer, Request

NOT_FOUND = Answer(404, ("Content-Length: 0",))
CHANGED = 1_700_000_000
ENCODING = {"encoding": "utf-8", "errors": "surrogateescape"}


@dataclass(slots=True)
class WebServer:
    """Each path gives its answers in order and stays with the last one; the rest is not found."""

    port: int = 0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """Those that clients wanted to reach by TLS."""
    connections: int = 0
    open: int = 0

    def will(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def put(self, key: str, data: bytes) -> None:
        """A file, told apart by its bytes."""
        fields = (
            f'ETag: "{sha256(data).hexdigest()}"',
            f"Last-Modified: {formatdate(CHANGED, usegmt=True)}",
            f"Content-Length: {len(data)}",
        )
        self.will(f"/{key}", Answer(200, fields, data))

    def url(self, path: str, host: str = "img.example") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode(**ENCODING).split("\r\n")
                method, target, _ = lines[0].split(" ")
                fields = dict(line.split(": ", 1) for line in lines[1:] if line)
                named = {name.lower(): value for name, value in fields.items()}
                self.requests.append(Request(method, target, named))
                answer = self._answer(target)
                writer.write(answer.wire(method))
                await writer.drain()
                if answer.then == "close":
                    break
                if answer.then == "hang":
                    await reader.read()
                    break

    def _answer(self, target: str) -> Answer:
        path, _, query = target.partition("?")
        name = unquote(path, **ENCODING) + (f"?{query}" if query else "")
        answers = self.answers.get(name, [NOT_FOUND])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def redirect(location: str, status: int = 302, *fields: str) -> Answer:
    return Answer(status, (f"Location: {location}", "Content-Length: 0", *fields))


async def until(claim: Callable[[], bool]) -> None:
    """Wait for what is going to be true."""
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110  (nothing tells when)
            await asyncio.sleep(0.01)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def open_home(
    server: WebServer,
    *,
    hosts: tuple[str, ...] = ("img.example", "*.cdn.example"),
    also: tuple[str, ...] = (),
    private: bool = True,
    timeout: float = 5.0,
    connections: int = 8,
    resolve: Resolve = lambda host: ["127.0.0.1"],
    trusting: bool = False,
) -> AbstractAsyncContextManager[WebSource]:
    """A source for hosts of the server, `also` for others; every name is its name."""
    return open_web(
        (*(f"{host}:{server.port}" for host in hosts), *also),
        private=private,
        timeout=timeout,
        connections=connections,
        resolve=resolve,
        # Reading all that the system trusts takes longer than most tests.
        tls=None if trusting else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


@asynccontextmanager
async def serve_web(tls: Path | None = None) -> AsyncIterator[WebServer]:
    """Serve on a free port of 127.0.0.1 until the block is left. `tls`: certificate and key."""
    server = WebServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        server.open += 1
        try:
            await server.serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the server ends; a stream's callback would report the cancellation as an error
        finally:
            server.open -= 1
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    listener = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=_context(server, tls))
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


def _context(server: WebServer, tls: Path | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls)
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    return context
