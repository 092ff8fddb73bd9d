"""A closed-loop HTTP client with as little work of its own as Python allows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Outcome:
    """seconds: for all. statuses: how often each came. latencies: seconds, in order of arrival."""

    seconds: float
    statuses: dict[int, int]
    latencies: list[float]
    bytes: int

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def only(self, status: int) -> Outcome:
        """Itself; RuntimeError if there was any other status."""
        if set(self.statuses) != {status}:
            raise RuntimeError(f"expected {status} and nothing else, got {self.statuses}")
        return self


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None], log: _Log) -> None:
        self._requests, self._done, self._log = requests, done, log
        self._buffer = bytearray()
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        mark = head.find(b"\r\ncontent-length:")
        length = int(head[mark + 17 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        status = int(head[9:12])
        whole = end + 4 + (0 if status == 304 else length)
        if len(self._buffer) < whole:
            return
        del self._buffer[:whole]
        self._log.statuses[status] += 1
        self._log.latencies.append(time.perf_counter() - self._sent)
        self._log.bytes += whole
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class _Log:
    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.bytes = 0


async def drive(port: int, requests: list[bytes], *, connections: int) -> Outcome:
    """Sends all the requests over this many connections at once."""
    loop = asyncio.get_running_loop()
    log, queue = _Log(), iter(requests)
    start = time.perf_counter()
    finished = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        finished.append(done)
        await loop.create_connection(partial(_Connection, queue, done, log), "127.0.0.1", port)
    await asyncio.gather(*finished)
    return Outcome(time.perf_counter() - start, dict(log.statuses), log.latencies, log.bytes)


def get(path: str, **headers: str) -> bytes:
    """The bytes of a GET request; header names have underscores for dashes."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
