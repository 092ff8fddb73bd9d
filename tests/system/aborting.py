"""Clients that break off: at some moment of their request, in some way, whatever they sent before.

They are as random as their seed, so that a moment nobody thought of is hit as well.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Literal

Moment = Literal["in the head", "at once", "while it waits", "in the body"]
Manner = Literal["reset", "close", "half close"]
Before = Literal["nothing", "an answer", "a pipeline"]

_MOMENTS: tuple[Moment, ...] = ("in the head", "at once", "while it waits", "in the body")
_MANNERS: tuple[Manner, ...] = ("reset", "close", "half close")
# Half of them use their connection for more than one request.
_BEFORE: tuple[Before, ...] = ("nothing", "nothing", "an answer", "a pipeline")
_LONGEST_WAIT = 0.6
_PATIENCE = 60.0
# So little that the rest of the answer waits in the server.
_WINDOW = 4096
# Without waiting for anything the kernel sends a reset.
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Abort:
    """target: what is asked for last. usual: what some ask for before."""

    target: str
    usual: str
    moment: Moment
    manner: Manner
    before: Before
    seconds: float
    share: float

    async def carry_out(self, port: int) -> None:
        """Returns when the client has left."""
        loop = asyncio.get_running_loop()
        with _client() as client, suppress(ConnectionError):
            async with asyncio.timeout(_PATIENCE):
                await loop.sock_connect(client, ("127.0.0.1", port))
                if self.before == "an answer":
                    await loop.sock_sendall(client, _request(self.usual))
                    await _read_answer(client)
                await loop.sock_sendall(client, self._bytes)
                if self.moment == "while it waits":
                    await asyncio.sleep(self.seconds)
                if self.moment == "in the body":
                    await loop.sock_recv(client, 1 + int(self.share * _WINDOW))
                await self._leave(client)

    @property
    def _bytes(self) -> bytes:
        last = _request(self.target)
        if self.moment == "in the head":
            last = last[: 1 + int(self.share * (len(last) - 2))]
        if self.before == "a pipeline":
            return _request(self.usual) + _request(self.target) + last
        return last

    async def _leave(self, client: socket.socket) -> None:
        if self.manner == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        elif self.manner == "half close":
            client.shutdown(socket.SHUT_WR)
            await asyncio.sleep(self.seconds / 4)


def aborts(targets: Sequence[str], usual: str, *, seed: int) -> Iterator[Abort]:
    """One for each target."""
    random = Random(seed)
    for target in targets:
        yield Abort(
            target,
            usual,
            random.choice(_MOMENTS),
            random.choice(_MANNERS),
            random.choice(_BEFORE),
            random.uniform(0, _LONGEST_WAIT),
            random.random(),
        )


async def carry_out(port: int, several: Iterator[Abort], *, at_once: int) -> None:
    """All of them, so many at a time."""

    async def one_after_another() -> None:
        for abort in several:
            await abort.carry_out(port)

    async with asyncio.TaskGroup() as clients:
        for _ in range(at_once):
            clients.create_task(one_after_another())


@contextmanager
def _client() -> Iterator[socket.socket]:
    with socket.socket() as client:
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WINDOW)
        yield client


async def _read_answer(client: socket.socket) -> None:
    """A whole one, which says how long it is."""
    loop, received = asyncio.get_running_loop(), b""
    while b"\r\n\r\n" not in received:
        received += await _some(loop, client)
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    left = int(fields["content-length"]) - len(body)
    while left > 0:
        left -= len(await _some(loop, client))


async def _some(loop: asyncio.AbstractEventLoop, client: socket.socket) -> bytes:
    received = await loop.sock_recv(client, 65_536)
    if not received:
        raise ConnectionResetError
    return received


def _request(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
