"""A small HTTP server that answers like S3 in trouble: refusals, cuts, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

ETAG = '"9b2cf535f27731c974343645a3985328"'


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, and what happens to the connection afterwards. Status 0 sends nothing."""

    status: int
    headers: tuple[str, ...]
    body: bytes = b""
    then: Literal["keep", "close", "hang"] = "keep"

    def wire(self, method: str) -> bytes:
        if not self.status:
            return b""
        head = "\r\n".join([f"HTTP/1.1 {self.status} Answer", *self.headers, "", ""]).encode()
        return head if method == "HEAD" else head + self.body


@dataclass(frozen=True, slots=True)
class Request:
    """What came."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass(slots=True)
class Impostor:
    """The running server: it gives its answers in order and stays with the last one."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when an answer was given."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client closed a connection."""

    def will(self, *answers: Answer) -> None:
        self.answers = list(answers)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = dict(line.split(": ", 1) for line in lines[1:] if line)
                named = {name.lower(): value for name, value in headers.items()}
                self.requests.append(Request(method, target, named))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(answer.wire(method))
                await writer.drain()
                self.asked.set()
                if answer.then == "close":
                    break
                if answer.then == "hang":
                    await reader.read()
                    break
        self.left.set()


def found(
    body: bytes,
    *,
    length: int | None = None,
    etag: str = ETAG,
    then: Literal["keep", "close", "hang"] = "keep",
) -> Answer:
    """The object; `length` is announced instead of the true one."""
    headers = (f"ETag: {etag}", f"Content-Length: {len(body) if length is None else length}")
    return Answer(200, headers, body, then)


def chunked(*chunks: bytes, ends: bool) -> Answer:
    """The object without an announced length; it breaks off unless it `ends`."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    headers = (f"ETag: {ETAG}", "Transfer-Encoding: chunked")
    return Answer(200, headers, body + b"0\r\n\r\n" if ends else body, "close")


def refused(status: int, code: str | None = None) -> Answer:
    """An error: with S3's XML, or bare as the answer to a HEAD is."""
    body = b"" if code is None else f"<Error><Code>{code}</Code></Error>".encode()
    return Answer(status, (f"Content-Length: {len(body)}", "Content-Type: application/xml"), body)


SILENCE = Answer(0, (), then="hang")
CUT = Answer(0, (), then="close")


@asynccontextmanager
async def impersonate() -> AsyncIterator[Impostor]:
    """Serve on a free port until the block is left."""
    impostor = Impostor()
    connections: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await impostor.serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the server ends; a stream's callback would report the cancellation as an error
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            connections.discard(task)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    impostor.url = f"http://{host}:{port}"
    try:
        yield impostor
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
