"""How web hosts are connected to: at addresses that were checked, and at no others.

A name is resolved once per connection, every address it stands for is checked, and the connection
is made to one of these very addresses: what the name stands for a moment later is of no account.
TLS still asks for, and verifies, the name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import anyio
import httpcore
from anyio import CapacityLimiter, to_thread

from origin.sources.web_guard import check_address

Resolve = Callable[[str], Sequence[str]]
"""The addresses of a host, best first; OSError if there are none. It may block."""

_TRIED = 4
"""So many addresses of a host share the time to connect."""


def resolve_host(host: str) -> Sequence[str]:
    """What the system's resolver says."""
    # Bytes: a text would be encoded once more, by rules of 2003.
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """TCP for a connection pool."""

    def __init__(
        self, *, private: bool, resolve: Resolve = resolve_host, threads: int = 16
    ) -> None:
        self._private = private
        self._resolve = resolve
        # Own threads: a dead name server must not hold up what others do in threads.
        self._limiter = CapacityLimiter(threads)
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first checked address that answers, within `timeout` in all."""
        deadline = anyio.current_time() + (float("inf") if timeout is None else timeout)
        addresses = await self._checked_addresses(host, deadline)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = (deadline - anyio.current_time()) / left
            try:
                stream = await self._network.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return _Stream(stream)
        raise failure

    async def _checked_addresses(self, host: str, deadline: float) -> Sequence[str]:
        try:
            with anyio.fail_after(deadline - anyio.current_time()):
                addresses = await to_thread.run_sync(
                    self._resolve, host, abandon_on_cancel=True, limiter=self._limiter
                )
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(f"no name server told the address of {host}") from exc
        except OSError as exc:
            raise httpcore.ConnectError(f"{host} has no address: {exc}") from exc
        # All of them: one that is private among public ones is a mistake or an attack.
        for address in addresses:
            check_address(host, address, private=self._private)
        return addresses[:_TRIED]


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed, too, if the caller leaves during the TLS handshake."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
