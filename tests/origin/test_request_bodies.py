"""Bodies that nobody asked for, over a real connection: endless, huge, slow, or announced."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tests.origin.live import until
from tests.origin.protocol_server import END, FINE, GET, HASTY, IMPATIENT, ask, serving, status

MOST = IMPATIENT.body_bytes
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once it has the whole body, with its length."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    """Works on until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(echo) as (port, _):
        yield port


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Content-Length: %d\r\n\r\n%b" % (MOST, b"x" * MOST),
    ],
)
async def test_a_body_may_come_with_a_request(port: int, framed: bytes) -> None:
    answer = await ask(port, GET + framed, b"GET /a HTTP/1.1\r\n" + END)

    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "parts",
    [
        [GET + b"Content-Length: %d\r\n\r\n" % (MOST + 1)],
        [GET + b"Content-Length: 1000000000000000\r\n\r\n"],
        [GET + b"Transfer-Encoding: chunked\r\n\r\n", *[CHUNK] * 10],
        [GET + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", *[CHUNK] * 10],
        [b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", b"x" * 100_000],
    ],
)
async def test_a_body_that_is_too_large_is_refused(port: int, parts: list[bytes]) -> None:
    answer = (await ask(port, *parts)).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")

    assert status(answer) == 413
    assert b"x-safelight-error: body_too_large" in answer
    assert b"cache-control: no-store" in answer


async def test_a_body_that_is_too_large_ends_the_work_on_its_request() -> None:
    async with serving(never) as (port, connections):
        answer = await ask(port, GET + b"Transfer-Encoding: chunked\r\n\r\n", *[CHUNK] * 10)

        assert status(answer) == 413
        await until(lambda: connections.facts()["open"] == 0)


@pytest.mark.parametrize(
    "head", [b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
@pytest.mark.parametrize("part", [b"", b"1"])
async def test_a_body_that_does_not_come_to_its_end_is_given_up(head: bytes, part: bytes) -> None:
    async with serving(echo, HASTY) as (port, _):
        answer = await ask(port, GET + head + part)

    assert (status(answer), b"request_timeout" in answer) == (408, True)


async def test_dribbled_bytes_do_not_make_a_body_live_longer() -> None:
    async with serving(echo, HASTY) as (port, connections):
        answer = await ask(
            port, GET + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 100
        )

        assert answer == b"reset" or status(answer) == 408
        assert connections.facts()["cut_slow"] == 1


async def test_a_body_behind_an_answer_that_was_given_is_not_answered_again() -> None:
    async with serving(FINE, HASTY) as (port, connections):
        answer = await ask(port, GET + b"Content-Length: 5\r\n\r\n")

        assert answer.count(b"HTTP/1.1") == 1
        assert answer.endswith(b"fine")
        assert connections.facts()["cut_slow"] == 1


async def test_an_answer_in_hand_goes_out_before_a_bad_request_ends_the_connection() -> None:
    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await FINE(scope, receive, send)

    async with serving(later, HASTY) as (port, _):
        for behind in (b"junk\r\n\r\n", b"GET /b HTT", GET + b"Content-Length: 9\r\n\r\n"):
            answer = await ask(port, GET + b"\r\n" + behind)

            assert b"fine" in answer


@pytest.mark.parametrize(
    ("request_", "continued"),
    [
        (b"GET /a HTTP/1.1\r\nContent-Length: 5\r\n", True),
        (b"GET /a HTTP/1.1\r\n", False),
        (b"GET /a HTTP/1.0\r\nContent-Length: 5\r\n", False),
    ],
)
async def test_a_body_is_invited_only_where_one_follows(
    port: int, request_: bytes, continued: bool
) -> None:
    answer = await ask(port, request_ + b"Expect: 100-continue\r\n" + END, b"hello")

    assert answer.startswith(b"HTTP/1.1 100 Continue") == continued
    assert b"HTTP/1.1 200 OK" in answer


async def test_a_body_that_is_too_large_is_not_invited(port: int) -> None:
    answer = await ask(
        port, GET + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (MOST + 1)
    )

    assert status(answer) == 413


async def test_requests_that_wait_are_not_read_before_their_turn() -> None:
    """Each takes four kilobytes once it is parsed, and twenty bytes before."""
    most = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal most
        await receive()
        await asyncio.sleep(0.01)
        most = max(most, sum(isinstance(each, RequestResponseCycle) for each in gc.get_objects()))
        await FINE(scope, receive, send)

    async with serving(counted) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 100_000)
        for _ in range(10):
            await reader.readuntil(b"fine")
        writer.transport.abort()

    assert 1 < most < 300
