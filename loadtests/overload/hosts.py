"""Web hosts that have every picture, and take their time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pyvips

from loadtests.bench.pictures import photographs

_WIDTH = 1200


def small_picture() -> bytes:
    """A photograph whose work is a few milliseconds."""
    data = next(iter(photographs().values()))
    small: bytes = pyvips.Image.thumbnail_buffer(data, _WIDTH).jpegsave_buffer(Q=85)
    return small


@asynccontextmanager
async def picture_host(*, seconds: float = 0.0) -> AsyncIterator[int]:
    """The port of one that answers after so many seconds, until the block is left."""
    body = small_picture()
    head = (
        'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Type: image/jpeg\r\n'
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(head if asked.startswith(b"HEAD ") else head + body)
                await writer.drain()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # A stream's callback would report the cancellation as an error.
            with suppress(asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            tasks.discard(task)
            writer.transport.abort()

    listener = await asyncio.start_server(connect, "127.0.0.1", 0, backlog=1024)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()
