"""Connections to web hosts, kept for the next request.

httpcore has a pool of its own, but it loses connections whose caller leaves at certain moments:
they stay open and in its list for good. Here whoever asks holds the connection and closes it,
unless the answer was read to its end. How many are in use at once is the caller's business.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
import httpcore


class ConnectionPool:
    """Idle connections, at most `max_kept` of them, each for `kept_seconds`."""

    def __init__(
        self,
        network: httpcore.AsyncNetworkBackend,
        tls: ssl.SSLContext,
        *,
        max_kept: int,
        kept_seconds: float = 15.0,
    ) -> None:
        self._network = network
        self._tls = tls
        self._max_kept = max_kept
        self._kept_seconds = kept_seconds
        self._kept: list[httpcore.AsyncHTTPConnection] = []

    @asynccontextmanager
    async def send(self, request: httpcore.Request) -> AsyncIterator[httpcore.Response]:
        """The answer, until the block is left."""
        connection = await self._take(request.url.origin)
        try:
            async with aclosing(await connection.handle_async_request(request)) as response:
                yield response
        finally:
            await self._give_back(connection)

    async def aclose(self) -> None:
        """Close what is idle."""
        await self._drop(len(self._kept))

    async def _take(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """A kept connection, the latest first, or one that is still to be made."""
        for connection in [kept for kept in self._kept if kept.has_expired()]:
            self._kept.remove(connection)
            await _close(connection)
        for connection in reversed(self._kept):
            if connection.can_handle_request(origin):
                self._kept.remove(connection)
                return connection
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls,
            keepalive_expiry=self._kept_seconds,
            network_backend=self._network,
        )

    async def _give_back(self, connection: httpcore.AsyncHTTPConnection) -> None:
        if not connection.is_available():
            await _close(connection)
            return
        self._kept.append(connection)
        await self._drop(len(self._kept) - self._max_kept)

    async def _drop(self, count: int) -> None:
        for _ in range(count):
            await _close(self._kept.pop(0))


async def _close(connection: httpcore.AsyncHTTPConnection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.aclose()
