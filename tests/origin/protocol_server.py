"""The protocol of the image port on a real port in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from origin.connections import Connections
from origin.patience import Patience
from origin.protocol import BoundedProtocol
from tests.origin.live import until

CLOSE = b"Host: a\r\nConnection: close\r\n"
END = CLOSE + b"\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: a\r\n"
FINE = PlainTextResponse("fine")
IMPATIENT = Patience(idle=1, request=1, answer=1, body_bytes=200_000)
HASTY = replace(IMPATIENT, request=0.2)


@asynccontextmanager
async def serving(
    app: ASGIApp, patience: Patience = IMPATIENT, most: int = 100
) -> AsyncIterator[tuple[int, Connections]]:
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", log_config=None)
    config.load()
    loop, state = asyncio.get_running_loop(), ServerState()
    connections = Connections(most, patience)
    server = await loop.create_server(
        lambda: BoundedProtocol(
            config=config, server_state=state, app_state={}, connections=connections
        ),
        "127.0.0.1",
        0,
    )
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await until(lambda: not state.connections and not state.tasks)


async def ask(port: int, *parts: bytes) -> bytes:
    """All that comes back until the server closes; the parts are sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        return await reader.read()
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
