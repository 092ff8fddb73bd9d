"""One connection of `tests.faults`, and what its two directions do to the bytes in them."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

_CHUNK = 1 << 16
_CHUNKS_HELD = 16
_TICKS = 50
"""Pieces per second that a limited bandwidth is spread over."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What happens to one direction: seconds, bytes, bytes per second.

    The `_after` are bytes that still pass, per connection. 0 strikes at the first byte, or
    the end. The kernel may throw away what it holds when a reset comes, so fewer may arrive.
    """

    latency: float = 0.0
    jitter: float = 0.0
    """The latency is up to this much more or less; the order of bytes stays."""
    bandwidth: float | None = None
    slices: int | None = None
    """Written in pieces of this many bytes."""
    reset_after: int | None = None
    close_after: int | None = None
    """An orderly end, to which no error draws attention."""
    stall_after: int | None = None
    """Held back from there on, the end included, until other faults are set or the receiver has
    nothing more to say itself: then the connection is reset."""


class _Truncated(Exception):
    """A direction has passed all it may, and ends in good order."""


class Connection:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, up: Direction, down: Direction) -> None:
        self._client = client
        self._up = up
        self._down = down
        self._writers: list[asyncio.StreamWriter] = []
        self.stirred = up.stirred = down.stirred = asyncio.Event()

    async def run(self, target: tuple[str, int]) -> None:
        """Pass bytes on until both sides have ended, or one has failed."""
        up, down = self._up, self._down
        try:
            client_reader, client = await asyncio.open_connection(sock=self._client)
            self._writers.append(client)
            server_reader, server = await asyncio.open_connection(*target)
            self._writers.append(server)
            await _all_or_first_error(
                up.take(client_reader),
                down.take(server_reader),
                up.give(server, receiver_left=lambda: down.ended),
                down.give(client, receiver_left=lambda: up.ended),
            )
        except _Truncated:
            pass
        except OSError:
            self.reset()
        finally:
            for writer in self._writers:
                writer.close()
            for writer in self._writers:
                with suppress(OSError):
                    await writer.wait_closed()

    def reset(self) -> None:
        """Tear both sides down, so that they see a reset."""
        for writer in self._writers:
            # With nothing to linger for, the kernel sends a reset instead of an orderly end.
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            writer.transport.abort()


@dataclass(slots=True)
class Direction:
    """Takes bytes from one side and gives them to the other, as its flow says at that moment."""

    flow: Callable[[], Flow]
    count: Callable[[int], None]
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a stall has to be looked at again."""
    ended: bool = False
    _held: asyncio.Queue[tuple[float, bytes]] = field(
        default_factory=lambda: asyncio.Queue(_CHUNKS_HELD)
    )
    _random: random.Random = field(default_factory=lambda: random.Random(0))
    _seen: Flow | None = None
    _passed: int = 0
    """Since the flow was set."""

    async def take(self, reader: asyncio.StreamReader) -> None:
        """Hold what comes, and note when it is due."""
        loop = asyncio.get_running_loop()
        chunk = b"?"
        while chunk:
            chunk = await reader.read(_CHUNK)
            if not chunk:
                self.ended = True
                self.stirred.set()
            flow = self.flow()
            late = flow.latency + self._random.uniform(-flow.jitter, flow.jitter)
            await self._held.put((loop.time() + late, chunk))

    async def give(
        self, writer: asyncio.StreamWriter, *, receiver_left: Callable[[], bool]
    ) -> None:
        """Pass on what is due, as far as it may pass."""
        loop = asyncio.get_running_loop()
        # What was written counts as passed on, so it must not wait here when a reset comes.
        writer.transport.set_write_buffer_limits(0)
        chunk = b"?"
        while chunk:
            due, chunk = await self._held.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            rest = memoryview(chunk)
            while rest:
                piece = rest[: await self._room(receiver_left)]
                writer.write(piece)
                await writer.drain()
                self._passed += len(piece)
                self.count(len(piece))
                rest = rest[len(piece) :]
                await asyncio.sleep(len(piece) / (self.flow().bandwidth or math.inf))
            await self._room(receiver_left)
        writer.write_eof()

    async def _room(self, receiver_left: Callable[[], bool]) -> int:
        """How many bytes may be written at once, as soon as any may."""
        while True:
            flow = self.flow()
            if flow is not self._seen:
                self._seen, self._passed = flow, 0
            if flow.reset_after is not None and self._passed >= flow.reset_after:
                raise ConnectionResetError
            if flow.close_after is not None and self._passed >= flow.close_after:
                raise _Truncated
            if flow.stall_after is None or self._passed < flow.stall_after:
                break
            if receiver_left():
                raise ConnectionResetError
            self.stirred.clear()
            await self.stirred.wait()
        ends = [flow.reset_after, flow.close_after, flow.stall_after]
        sizes = [end - self._passed for end in ends if end is not None]
        if flow.bandwidth is not None:
            sizes.append(max(1, int(flow.bandwidth / _TICKS)))
        return min([_CHUNK, flow.slices or _CHUNK, *sizes])


async def _all_or_first_error(*works: Coroutine[None, None, None]) -> None:
    """Unlike a task group, this raises the error itself and not a group of one."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
