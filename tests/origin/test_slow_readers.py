"""Clients that do not take their answers, over real connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import replace

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.origin.live import until
from tests.origin.protocol_server import GET, IMPATIENT, serving

SIZE = 10 << 20
LARGE = Response(bytes(SIZE))
ASK = GET + b"\r\n"


async def different(scope: Scope, receive: Receive, send: Send) -> None:
    """Another large body for everyone."""
    await Response(bytes(SIZE))(scope, receive, send)


def reader(port: int, room: int = 4096) -> socket.socket:
    """Asks with little room for the answer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.connect(("127.0.0.1", port))
    client.sendall(ASK)
    client.setblocking(False)
    return client


def was_cut(client: socket.socket) -> bool:
    """Reads what has come."""
    try:
        while client.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"])
async def test_who_takes_nothing_is_cut(last: bytes) -> None:
    async with serving(LARGE) as (port, connections):
        with reader(port) as client:
            await until(lambda: connections.facts()["taking"] == 1)
            await until(lambda: connections.facts()["cut_slow"] == 1)

            await until(lambda: was_cut(client))

        await until(lambda: connections.facts()["open"] == 0)
        assert connections.facts()["unsent_bytes"] == 0


async def take(client: socket.socket, size: int, *, seconds: float) -> None:
    """So many bytes twenty times a second, if they are there."""
    end = time.monotonic() + seconds
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                client.recv(size)
            await asyncio.sleep(0.05)


async def test_who_takes_less_than_the_floor_is_cut() -> None:
    async with serving(LARGE, replace(IMPATIENT, floor=1 << 20)) as (port, connections):
        with reader(port, room=65536) as client:
            await take(client, 1000, seconds=2.5)

            assert connections.facts()["cut_slow"] == 1


async def test_who_takes_enough_may_take_long() -> None:
    async with serving(LARGE, replace(IMPATIENT, floor=1000)) as (port, connections):
        with reader(port, room=65536) as client:
            await take(client, 65536, seconds=2.5)

            assert (connections.facts()["cut_slow"], connections.facts()["taking"]) == (0, 1)


async def test_an_answer_to_many_is_in_memory_once() -> None:
    async with serving(LARGE) as (port, connections):
        with contextlib.ExitStack() as clients:
            for _ in range(20):
                clients.enter_context(reader(port))
            await until(lambda: connections.facts()["taking"] == 20)

            assert connections.facts()["unsent_bytes"] == SIZE

        await until(lambda: connections.facts()["unsent_bytes"] == 0)


async def test_the_slowest_are_cut_when_too_much_is_held_for_all() -> None:
    patience = replace(IMPATIENT, answer=60, unsent_bytes=5 * SIZE)
    async with serving(different, patience) as (port, connections):
        with contextlib.ExitStack() as clients:
            for _ in range(20):
                clients.enter_context(reader(port))
            await until(lambda: connections.facts()["cut_slow"] == 15)

            receiving, sending = await asyncio.open_connection("127.0.0.1", port)
            clients.callback(sending.close)
            sending.write(ASK)
            await receiving.readuntil(b"\r\n\r\n")
            assert len(await receiving.readexactly(SIZE)) == SIZE
            assert connections.facts()["unsent_bytes"] <= 5 * SIZE


async def test_who_takes_no_answer_gets_no_second_one_made() -> None:
    made = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal made
        made += 1
        await LARGE(scope, receive, send)

    async with serving(counted, replace(IMPATIENT, answer=60)) as (port, connections):
        with reader(port) as client:
            client.sendall(ASK * 9)
            await until(lambda: connections.facts()["taking"] == 1)
            await asyncio.sleep(0.1)
            before = made
            received = 0
            while received < 10 * SIZE:
                await asyncio.sleep(0)
                try:
                    received += len(client.recv(1 << 20))
                except BlockingIOError:
                    continue

            assert before == 1
            assert made == 10


async def test_a_pipeline_may_be_as_long_as_it_likes_if_its_answers_are_taken() -> None:
    async with serving(Response(bytes(100_000))) as (port, _):
        receiving, sending = await asyncio.open_connection("127.0.0.1", port)
        sending.write(ASK * 300)
        for _ in range(300):
            await receiving.readuntil(b"\r\n\r\n")
            await receiving.readexactly(100_000)
        sending.close()
