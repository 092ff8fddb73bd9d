"""More clients than there may be: who gives way, who is refused, and who is never cut."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from tests.origin.live import until
from tests.origin.protocol_server import FINE, GET, IMPATIENT, serving, status

CALM = replace(IMPATIENT, idle=60, request=60, answer=60)
ASK = GET + b"\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(port: int, said: bytes = b"") -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


async def is_closed(streams: Streams) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return await streams[0].read(1) == b""
    except TimeoutError:
        return False


class Gate:
    """Answers when it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.waiting += 1
        await self.open.wait()
        await FINE(scope, receive, send)


async def idle(port: int) -> Streams:
    """One that was answered."""
    reader, writer = await connected(port, ASK)
    assert status(await reader.readuntil(b"fine")) == 200
    return reader, writer


def closing(stack: AsyncExitStack, streams: list[Streams]) -> None:
    for _, writer in streams:
        stack.callback(writer.close)


async def test_idle_connections_give_way_the_oldest_first() -> None:
    async with serving(FINE, CALM, most=5) as (port, connections), AsyncExitStack() as stack:
        old = [await idle(port) for _ in range(5)]
        closing(stack, old)
        old[0][1].write(ASK)
        await old[0][0].readuntil(b"fine")

        closing(stack, [await idle(port) for _ in range(3)])

        assert [await is_closed(one) for one in old] == [False, True, True, True, False]
        facts = connections.facts()
        assert (facts["open"], facts["gave_way"], facts["refused"]) == (5, 3, 0)


async def test_who_has_not_asked_yet_gives_way_after_those_who_are_idle() -> None:
    async with serving(FINE, CALM, most=4) as (port, connections), AsyncExitStack() as stack:
        slow = [await connected(port, said) for said in (b"GET /", b"", ASK + b"GET /")]
        closing(stack, slow)
        assert status(await slow[2][0].readuntil(b"fine")) == 200
        answered = await idle(port)
        closing(stack, [answered])

        first = await connected(port)
        assert await is_closed(answered)
        assert [await is_closed(one) for one in slow] == [False, False, False]

        closing(stack, [first, await connected(port), await connected(port)])
        await until(lambda: connections.facts()["gave_way"] == 3)
        assert [await is_closed(one) for one in slow] == [True, True, False]
        assert not await is_closed(first)


async def test_who_is_worked_for_is_never_cut_and_more_are_refused_at_once() -> None:
    gate = Gate()
    async with serving(gate, CALM, most=5) as (port, connections), AsyncExitStack() as stack:
        served = [await connected(port, ASK + b"GET /half") for _ in range(5)]
        closing(stack, served)
        await until(lambda: gate.waiting == 5)
        with capture_logs() as logs:
            more = [await connected(port, ASK) for _ in range(20)]
            closing(stack, more)

            refused = [await reader.read() for reader, _ in more]

        assert {status(answer) for answer in refused} == {503}
        assert all(b"x-safelight-error: too_many_connections" in answer for answer in refused)
        assert all(b"retry-after: 1\r\n" in answer for answer in refused)
        assert [log["event"] for log in logs] == ["connections_full"]
        gate.open.set()
        for reader, _ in served:
            assert b"fine" in await reader.readuntil(b"fine")
        facts = connections.facts()
        assert (facts["open"], facts["refused"]) == (5, 20)


async def test_places_are_free_again_once_their_clients_are_gone() -> None:
    async with serving(FINE, CALM, most=3) as (port, connections):
        for _ in range(10):
            reader, writer = await connected(port, ASK)
            await reader.readuntil(b"fine")
            writer.close()
        await until(lambda: connections.facts()["open"] == 0)

        assert connections.facts()["gave_way"] == 0
