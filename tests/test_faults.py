"""The proxy that other tests rely on: each fault against a server that echoes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from anyio.from_thread import start_blocking_portal

from tests.faults import FaultProxy, Faults, Flow, fault_proxy, fault_proxy_thread

_PATIENCE = 20.0
_MOMENT = 0.2
"""How long nothing has to come before it counts as silence."""
_MB = bytes(range(256)) * 4096


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server, fault_proxy(*server.sockets[0].getsockname()) as proxy:
        yield proxy


@asynccontextmanager
async def _connected(
    proxy: FaultProxy,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _echoed(proxy: FaultProxy, data: bytes) -> bytes:
    """What comes back of `data` until the connection ends."""
    async with asyncio.timeout(_PATIENCE), _connected(proxy) as (reader, writer):
        writer.write(data)
        writer.write_eof()
        return await reader.read()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110  (it has no event)
            await asyncio.sleep(0.005)


async def test_without_faults_all_bytes_pass_and_are_counted(proxy: FaultProxy) -> None:
    echoed = await _echoed(proxy, _MB)

    await _until(lambda: proxy.counts.open == 0)
    assert echoed == _MB
    assert proxy.counts.connections == 1
    assert proxy.counts.bytes_to_server == proxy.counts.bytes_to_client == len(_MB)


def test_the_address_has_the_scheme_that_is_asked_for() -> None:
    with fault_proxy_thread("127.0.0.1", 9) as proxy:
        assert proxy.url("redis") == f"redis://127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("jitter", [0.0, 0.1])
async def test_latency_delays_the_bytes_and_not_each_chunk_of_them(
    proxy: FaultProxy, jitter: float
) -> None:
    proxy.faults = Faults(to_client=Flow(latency=0.3, jitter=jitter))
    began = time.monotonic()

    echoed = await _echoed(proxy, _MB * 4)

    # Each of 64 chunks on its own would take 19 seconds.
    assert echoed == _MB * 4
    assert 0.3 - jitter <= time.monotonic() - began < 12.0


async def test_bandwidth_is_limited(proxy: FaultProxy) -> None:
    proxy.faults = Faults(to_server=Flow(bandwidth=200_000))
    began = time.monotonic()

    echoed = await _echoed(proxy, _MB[:100_000])

    assert len(echoed) == 100_000
    assert time.monotonic() - began >= 0.5


async def test_slices_come_one_by_one(proxy: FaultProxy) -> None:
    proxy.faults = Faults(to_client=Flow(slices=3))

    async with _connected(proxy) as (reader, writer):
        writer.write(b"0123456789")
        first = await reader.read(100)
        rest = await reader.readexactly(10 - len(first))

    assert len(first) < 10
    assert first + rest == b"0123456789"


@pytest.mark.parametrize("after", [0, 1000])
async def test_a_reset_is_an_error_to_the_reader(proxy: FaultProxy, after: int) -> None:
    proxy.faults = Faults(to_client=Flow(reset_after=after))

    with pytest.raises(ConnectionResetError):
        await _echoed(proxy, _MB)

    assert proxy.counts.bytes_to_client == after


async def test_a_truncated_answer_ends_in_good_order(proxy: FaultProxy) -> None:
    proxy.faults = Faults(to_client=Flow(close_after=1000))

    echoed = await _echoed(proxy, _MB[:5000])

    assert echoed == _MB[:1000]


async def test_a_limit_counts_from_when_it_was_set(proxy: FaultProxy) -> None:
    async with _connected(proxy) as (reader, writer):
        writer.write(b"a" * 5000)
        await reader.readexactly(5000)
        proxy.faults = Faults(to_client=Flow(close_after=10))
        writer.write(b"b" * 5000)

        rest = await reader.read()

    assert rest == b"b" * 10


@pytest.mark.parametrize("after", [0, 10])
async def test_a_stall_holds_everything_back_until_it_is_lifted(
    proxy: FaultProxy, after: int
) -> None:
    proxy.faults = Faults(to_client=Flow(stall_after=after))

    async with asyncio.timeout(_PATIENCE), _connected(proxy) as (reader, writer):
        writer.write(b"0123456789abcdef")
        before = await reader.readexactly(after)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), _MOMENT)
        proxy.faults = Faults()
        rest = await reader.readexactly(16 - after)

    assert before + rest == b"0123456789abcdef"


async def test_a_stalled_connection_ends_when_its_reader_leaves(proxy: FaultProxy) -> None:
    proxy.faults = Faults(to_client=Flow(stall_after=0))

    async with _connected(proxy) as (_, writer):
        writer.write(b"hello")
        await _until(lambda: proxy.counts.bytes_to_server == 5)

    await _until(lambda: proxy.counts.open == 0)


async def test_refused_connections_find_nobody_until_they_are_let_in_again(
    proxy: FaultProxy,
) -> None:
    proxy.faults = Faults(refuse=True)
    with pytest.raises(ConnectionRefusedError):
        await _echoed(proxy, b"hello")
    proxy.faults = Faults()

    echoed = await _echoed(proxy, b"hello")

    assert echoed == b"hello"
    assert proxy.counts.connections == 1


async def test_refusing_leaves_connections_alone_and_cutting_ends_them(proxy: FaultProxy) -> None:
    async with _connected(proxy) as (reader, writer):
        writer.write(b"hello")
        await reader.readexactly(5)
        proxy.faults = Faults(refuse=True)
        writer.write(b"again")
        again = await reader.readexactly(5)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), _PATIENCE)

    await _until(lambda: proxy.counts.open == 0)
    assert again == b"again"


async def test_a_connection_that_was_only_just_made_can_be_cut(proxy: FaultProxy) -> None:
    async with _connected(proxy) as (reader, _):
        while not proxy.counts.connections:  # noqa: ASYNC110  (as early as can be)
            await asyncio.sleep(0)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.readexactly(1), _PATIENCE)


async def test_a_server_that_is_not_there_resets_its_clients() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with fault_proxy(*nobody.getsockname()) as proxy:
            with pytest.raises(ConnectionResetError):
                await _echoed(proxy, b"hello")


async def test_leaving_ends_connections_that_are_busy_or_stalled() -> None:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server:
        async with fault_proxy(*server.sockets[0].getsockname()) as proxy:
            proxy.faults = Faults(to_client=Flow(stall_after=0))
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(_MB * 4)
            await _until(lambda: proxy.counts.bytes_to_server > 0)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(reader.readexactly(1), _PATIENCE)
    writer.transport.abort()


def test_a_proxy_in_a_thread_serves_synchronous_tests() -> None:
    with _echoing_thread() as port, fault_proxy_thread("127.0.0.1", port) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), _PATIENCE) as client:
            client.sendall(b"hello")
            echoed = client.recv(100)
            proxy.faults = Faults(to_client=Flow(close_after=2))
            client.sendall(b"again")
            cut = client.recv(100) + client.recv(100)
        proxy.faults = Faults(refuse=True)
        proxy.cut()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), _PATIENCE)

        assert (echoed, cut) == (b"hello", b"ag")
        assert proxy.counts.connections == 1
        assert proxy.faults.refuse


@contextmanager
def _echoing_thread() -> Iterator[int]:
    """The port of an echo server in a thread of its own."""
    with start_blocking_portal() as portal:
        server = portal.call(asyncio.start_server, _echo, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            portal.call(server.close)
