"""The open-loop generator does not wait for answers, and the figures count what came of it."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from loadtests.bench.client import get
from loadtests.overload.connections import Connections
from loadtests.overload.figures import Bars, figures, normal_after
from loadtests.overload.generator import UNSENT, Answer, at_random, evenly, send
from loadtests.overload.surge import Capacity, Load, Surge
from loadtests.overload.traffic import COLD, HIT, UNCHANGED, UNSEEN

SHED = (
    b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nCache-Control: no-store\r\n"
    b"X-Safelight-Error: overloaded\r\nContent-Length: 2\r\n\r\nno"
)
FOUND = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


@asynccontextmanager
async def answering(answer: bytes, *, after: float) -> AsyncIterator[int]:
    """The port of a server that gives this answer so late."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(after)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_requests_come_when_they_are_due_however_late_the_answers() -> None:
    async with answering(FOUND, after=0.5) as port:
        connections = Connections(port, most=100)
        stream = evenly("a", itertools.repeat(get("/")), rate=50)

        answers = await send(connections, stream, seconds=1)

        connections.close()
        await asyncio.sleep(0.05)
    assert len(answers) == 50
    assert {answer.status for answer in answers} == {200}
    assert all(answer.seconds >= 0.5 for answer in answers)
    assert max(answer.at for answer in answers) < 1


async def test_what_cannot_be_sent_is_counted() -> None:
    async with answering(FOUND, after=2) as port:
        connections = Connections(port, most=3)
        stream = evenly("a", itertools.repeat(get("/")), rate=20)

        answers = await send(connections, stream, seconds=0.5)

        connections.close()
        await asyncio.sleep(0.05)
    assert sorted(answer.status for answer in answers) == [UNSENT] * 7 + [200] * 3


async def test_a_refusal_is_told_from_a_proper_one() -> None:
    async with answering(SHED, after=0) as port:
        proper = Connections(port, most=1)
        told = await proper.ask(get("/"))
        proper.close()
    async with answering(SHED.replace(b"no-store", b"public"), after=0) as port:
        improper = Connections(port, most=1)
        kept = await improper.ask(get("/"))
        improper.close()
        await asyncio.sleep(0.05)

    assert (told.status, told.shed, told.error) == (503, True, "overloaded")
    assert (kept.status, kept.shed) == (503, False)


def test_chance_keeps_to_the_rate() -> None:
    stream = at_random("a", itertools.repeat(b""), rate=100)

    arrivals = list(itertools.takewhile(lambda arrival: arrival.at < 50, stream))

    assert len(arrivals) == pytest.approx(5000, rel=0.05)
    assert [arrival.at for arrival in arrivals] == sorted(arrival.at for arrival in arrivals)


def cold(at: float, seconds: float, status: int = 200) -> Answer:
    return Answer(COLD, at, 0.0, seconds, status, shed=status == 503)


def test_normal_is_when_nothing_is_shed_and_pictures_come_as_before() -> None:
    before = [cold(number / 5, 0.1) for number in range(25)]
    slow = [cold(number / 5, 0.4) for number in range(15)]
    rest = [cold(3 + number / 5, 0.11) for number in range(50)]

    # A look of two seconds is normal when half of it is.
    assert normal_after(before, [*slow, *rest]) == pytest.approx(2, abs=0.3)
    assert normal_after(before, [*slow, *rest, cold(7.05, 0.01, 503)]) == pytest.approx(7.2)
    assert normal_after(before, slow) == math.inf


def test_every_bar_that_is_missed_is_named() -> None:
    during = [
        *(cold(number / 10, 0.5) for number in range(60)),
        *(cold(number / 10, 0.05, 503) for number in range(99)),
        Answer(COLD, 5.0, 0.0, 0.001, 503, shed=False),
        Answer(COLD, 5.0, 0.0, 10.0, 504, error="deadline"),
        *(Answer(HIT, number / 10, 0.0, 0.08, 200) for number in range(99)),
        Answer(UNCHANGED, 5.0, 0.0, 0.08, 304),
        Answer(UNSEEN, 5.0, 0.0, 0.001, 404),
    ]
    quiet = [cold(number / 5, 0.1) for number in range(25)]

    capacities = Capacity(11.0, 0.11), Capacity(9.0, 0.09)

    found = figures(Surge(Load(10.0, 10.0), capacities, 10.0, quiet, during, quiet))

    assert [miss.split(" ")[0] for miss in found.misses(Bars())] == [
        "goodput",
        "hits",
        "shed",
        "1",
        "other",
    ]
    assert found.capacity == 10
    assert found.goodput_by_cpu == pytest.approx(0.6)
    assert (found.looked_up, found.unseen) == (1, 1)
