"""A TCP proxy that makes the network bad: slow, thin, cut, silent, absent.

    async with fault_proxy("127.0.0.1", 6379) as proxy:
        client = connect(proxy.url("redis"))
        proxy.faults = Faults(to_client=Flow(latency=0.2))       slow answers
        proxy.faults = Faults(to_client=Flow(reset_after=100))   cut within the next answer
        proxy.faults = Faults(refuse=True); proxy.cut()          the server is gone
        proxy.faults = Faults()                                  all is well again

Faults hold from the moment they are set, for connections that exist too; what a connection had
passed on before does not count towards their limits. A synchronous test, or one whose loop must
not be disturbed, takes `fault_proxy_thread`, which does the same from a thread of its own.

The proxy knows nothing of the protocol above it, so TLS passes too. Resets of either side are
handed on as resets, half-closed connections as such. At most a megabyte of each direction
waits here, so that much passes per latency, and a sender notices a stall only after it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.fault_connection import Connection, Direction
from tests.fault_connection import Flow as Flow


@dataclass(frozen=True, slots=True)
class Faults:
    """refuse: new connections are refused as if nobody listened; `cut()` ends the present ones."""

    to_server: Flow = field(default_factory=Flow)
    to_client: Flow = field(default_factory=Flow)
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """connections: ever accepted. open: at present. Bytes: passed on."""

    connections: int
    open: int
    bytes_to_server: int
    bytes_to_client: int


class FaultProxy:
    """The running proxy; made by `fault_proxy`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        # Keeps the port while nobody listens on it.
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self._faults = Faults()
        self._listener: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._accepted = 0
        self._bytes_up = 0
        self._bytes_down = 0
        self._listen()

    def url(self, scheme: str) -> str:
        """Where clients connect instead of to the server."""
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        """What is wrong at present."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        if faults.refuse:
            self._close_listener()
        elif self._listener is None:
            self._listen()
        for connection in self._connections.values():
            connection.stirred.set()

    @property
    def counts(self) -> Counts:
        """What has happened so far."""
        return Counts(self._accepted, len(self._connections), self._bytes_up, self._bytes_down)

    def cut(self) -> None:
        """Reset every connection there is."""
        for task, connection in self._connections.items():
            connection.reset()
            task.cancel()

    async def aclose(self) -> None:
        """End everything."""
        self._close_listener()
        self._reserved.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _listen(self) -> None:
        self._listener = _bound(self.port)
        self._listener.listen()
        # Not asyncio's server, as setting faults must take effect without waiting for anything.
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _close_listener(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it has left already
        client.setblocking(False)
        self._accepted += 1
        up = Direction(lambda: self._faults.to_server, self._count_up)
        down = Direction(lambda: self._faults.to_client, self._count_down)
        connection = Connection(client, up, down)
        task = asyncio.create_task(connection.run(self._target))
        self._connections[task] = connection

        def forget(task: asyncio.Task[None]) -> None:
            del self._connections[task]
            client.close()  # for a task that was cancelled before it began

        task.add_done_callback(forget)

    def _count_up(self, size: int) -> None:
        self._bytes_up += size

    def _count_down(self, size: int) -> None:
        self._bytes_down += size


class FaultProxyThread:
    """The same proxy seen from another thread; made by `fault_proxy_thread`."""

    def __init__(self, proxy: FaultProxy, portal: BlockingPortal) -> None:
        self._proxy = proxy
        self._portal = portal
        self.port = proxy.port
        self.url = proxy.url

    @property
    def faults(self) -> Faults:
        """What is wrong at present."""
        return self._proxy.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._portal.call(setattr, self._proxy, "faults", faults)

    @property
    def counts(self) -> Counts:
        """What has happened so far."""
        return self._portal.call(lambda: self._proxy.counts)

    def cut(self) -> None:
        """Reset every connection there is."""
        self._portal.call(self._proxy.cut)


@asynccontextmanager
async def fault_proxy(host: str, port: int) -> AsyncIterator[FaultProxy]:
    """A proxy on a free port of 127.0.0.1, in this loop, until the block is left."""
    proxy = FaultProxy((host, port))
    try:
        yield proxy
    finally:
        await proxy.aclose()


@contextmanager
def fault_proxy_thread(host: str, port: int) -> Iterator[FaultProxyThread]:
    """A proxy in a thread of its own, until the block is left."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(fault_proxy(host, port)) as proxy,
    ):
        yield FaultProxyThread(proxy, portal)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound
