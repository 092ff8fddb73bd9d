"""Heads of requests over a real connection: too long, too many, too slow, or not HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from origin.bounded_requests import MAX_HEAD_BYTES, MAX_URL_BYTES
from tests.origin.protocol_server import END, FINE, HASTY, IMPATIENT, ask, serving, status


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a server that answers everything with a word."""
    async with serving(FINE) as (port, _):
        yield port


async def test_an_ordinary_request_is_answered(port: int) -> None:
    answer = await ask(port, b"GET /a HTTP/1.1\r\n" + END)

    assert status(answer) == 200
    assert answer.endswith(b"fine")


async def test_a_head_may_come_in_many_parts(port: int) -> None:
    request = b"GET /a HTTP/1.1\r\nX-A: b\r\n" + END

    answer = await ask(port, *(bytes([byte]) for byte in request))

    assert status(answer) == 200


async def test_several_requests_may_come_at_once(port: int) -> None:
    answer = await ask(
        port, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"GET /a HTTP/1.1\r\n" + END
    )

    assert answer.count(b"HTTP/1.1 200 OK") == 4


async def test_every_request_of_a_connection_has_the_whole_room(port: int) -> None:
    large = b"GET /a HTTP/1.1\r\nHost: a\r\nX: " + b"y" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n"

    answer = await ask(port, large, large, large, b"GET /a HTTP/1.1\r\n" + END)

    assert answer.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize(
    ("parts", "expected", "code"),
    [
        ([b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + END], 414, b"url_too_long"),
        ([b"GET /?" + b"a" * (MAX_URL_BYTES + 1) + b" HTTP/1.1\r\n" + END], 414, b"url_too_long"),
        (
            [b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * MAX_HEAD_BYTES + END],
            431,
            b"headers_too_large",
        ),
        (
            [b"GET / HTTP/1.1\r\nX: ", *[b"y" * 1000] * 70],
            431,
            b"headers_too_large",
        ),
        ([b"GET /\xff HTTP/1.1\r\n" + END], 400, b"bad_request"),
        ([b"GET /\0 HTTP/1.1\r\n" + END], 400, b"bad_request"),
        ([b"GET / HTTP/1.1\r\nX: a\0b\r\n" + END], 400, b"bad_request"),
        ([b"GET http://host HTTP/1.1\r\n" + END], 400, b"bad_request"),
        ([b"CONNECT a:80 HTTP/1.1\r\n" + END], 400, b"bad_request"),
        ([b"\x16\x03\x01\x02\x00\x01"], 400, b"bad_request"),
        (
            [b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + END],
            400,
            b"bad_request",
        ),
    ],
)
async def test_a_head_that_is_not_taken_is_answered_shortly_and_safely(
    port: int, parts: list[bytes], expected: int, code: bytes
) -> None:
    answer = await ask(port, *parts)

    assert status(answer) == expected
    assert b"x-safelight-error: " + code in answer
    assert b"cache-control: no-store" in answer
    assert b"x-content-type-options: nosniff" in answer
    assert b"connection: close" in answer


async def test_a_header_without_an_end_is_not_waited_for(port: int) -> None:
    answer = await ask(port, b"GET / HTTP/1.1\r\nX: ", *[b"y" * 200_000] * 20)

    assert status(answer) == 431


async def test_a_client_that_never_closes_is_left_behind() -> None:
    async def go_on(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"more")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(FINE, replace(IMPATIENT, linger=0.05)) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"junk\r\n\r\n")

        assert status(await reader.read()) == 400
        with pytest.raises(ConnectionError):
            await go_on(writer)
        writer.close()


async def test_a_bad_head_behind_a_request_in_hand_gets_no_answer_of_its_own(port: int) -> None:
    answer = await ask(port, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + b"junk\r\n\r\n")

    assert answer in (b"", b"reset") or answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("part", [b"G", b"GET /", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_to_its_end_is_given_up(part: bytes) -> None:
    async with serving(FINE, HASTY) as (port, _):
        answer = await ask(port, part)

    assert (status(answer), b"request_timeout" in answer) == (408, True)


async def test_a_connection_that_asks_for_nothing_is_closed(port: int) -> None:
    assert await ask(port) == b""


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
async def test_an_upgrade_is_declined_by_an_answer(
    port: int, protocol: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: %b\r\n\r\n"

    answer = await ask(port, upgrade % protocol)

    assert status(answer) == 200
    assert not caplog.records
