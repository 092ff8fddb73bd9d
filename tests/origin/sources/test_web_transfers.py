"""Web hosts on their bad days: a fault becomes an error of ours, in time, and holds nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from origin.sources.errors import (
    SourceTimeout,
    SourceTooLarge,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.web import WebSource, open_web
from tests.origin.sources.impostor import CUT, SILENCE, Answer, chunked, found
from tests.origin.sources.web_server import (
    WebServer,
    descriptors,
    open_home,
    redirect,
    until,
)

MB = 1 << 20
STALLED = found(b"x" * 10, length=1000, then="hang")


async def test_connections_are_kept(web_server: WebServer, web: WebSource) -> None:
    web_server.will("/a.jpg", found(b"abc"))

    for _ in range(5):
        await web.stat(web_server.url("/a.jpg"))
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert web_server.connections == 1


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", found(b"abc"), CUT, found(b"abc"))

    for _ in range(2):
        blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"abc"


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_bytes_beyond_the_answer_spoil_no_picture(
    web_server: WebServer, web: WebSource, method: str
) -> None:
    surplus = Surplus(200, ('ETag: "a"', "Content-Length: 3"), b"abc and more")
    web_server.will("/a.jpg", surplus, found(b"fresh"))

    if method == "HEAD":
        await web.stat(web_server.url("/a.jpg"))
    else:
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)
    blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"fresh"


class Surplus(Answer):
    """It sends its body after a HEAD, too."""

    def wire(self, method: str) -> bytes:
        return Answer.wire(self, "GET")


async def test_a_host_that_hangs_up_is_asked_twice_and_no_more(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", CUT)

    with pytest.raises(SourceUnavailable, match="disconnected"):
        await web.stat(web_server.url("/a.jpg"))

    assert web_server.asked == ["HEAD /a.jpg"] * 2


@pytest.mark.parametrize(
    "answer",
    [found(b"x" * 600, length=1000, then="close"), chunked(b"x" * 600, ends=False)],
)
async def test_a_transfer_that_breaks_off_is_truncated(
    web_server: WebServer, web: WebSource, answer: Answer
) -> None:
    web_server.will("/a.jpg", answer)

    with pytest.raises(SourceTruncated, match=r"expected (1000 bytes|the end).*after \d+ bytes"):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)


async def test_a_transfer_in_chunks_that_ends_is_whole(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", chunked(b"one", b"two", ends=True))

    blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=6)

    assert blob.data == b"onetwo"


async def test_an_announced_giant_is_refused_without_reading_it(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", found(b"x" * 5000, length=1 << 40, then="hang"))

    with pytest.raises(SourceTooLarge, match=f"got {1 << 40}"):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    await until(lambda: web_server.open == 0)


async def test_a_giant_that_announces_nothing_is_refused_while_it_is_read(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", chunked(*[b"x" * 1000] * 50, ends=False))

    with pytest.raises(SourceTooLarge, match="SAFELIGHT_MAX_SRC_MB"):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=10_000)


async def test_a_look_at_the_version_reads_no_giant_either(web_server: WebServer) -> None:
    web_server.will("/a.jpg", Answer(200, ("Content-Length: 2000",), b"x" * 2000))
    host = f"img.example:{web_server.port}"

    async with open_web(
        (host,), private=True, max_stat_bytes=1999, resolve=lambda host: ["127.0.0.1"]
    ) as web:
        with pytest.raises(SourceTooLarge):
            await web.stat(f"http://{host}/a.jpg")


@pytest.mark.parametrize("answer", [SILENCE, STALLED])
async def test_silence_ends_and_frees_everything(web_server: WebServer, answer: Answer) -> None:
    web_server.will("/a.jpg", answer)
    web_server.will("/b.jpg", found(b"fine"))

    async with open_home(web_server, timeout=0.6, connections=1) as web:
        before = descriptors()
        async with asyncio.timeout(10):
            with pytest.raises(SourceTimeout, match=r"SAFELIGHT_TIMEOUT.*ReadTimeout"):
                await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)
        await until(lambda: web_server.open == 0 and descriptors() <= before)
        blob = await web.fetch(web_server.url("/b.jpg"), max_bytes=MB)

    assert blob.data == b"fine"


async def test_a_slow_drip_ends_at_the_deadline(web_server: WebServer) -> None:
    for number in range(200):
        web_server.will(f"/{number}", redirect(f"/{number + 1}"))

    async with open_home(web_server, timeout=0.4, resolve=_slowly) as web:
        with pytest.raises(SourceTimeout):
            await web.fetch(web_server.url("/0"), max_bytes=MB)


def _slowly(host: str) -> list[str]:
    time.sleep(0.3)
    return ["127.0.0.1"]


async def test_a_dead_name_server_ends_at_the_deadline(web_server: WebServer) -> None:
    alive = threading.Event()

    def resolve(host: str) -> list[str]:
        alive.wait(20)
        return []

    async with open_home(web_server, timeout=0.4, resolve=resolve) as web:
        async with asyncio.timeout(10):
            with pytest.raises(SourceTimeout, match="no name server"):
                await web.stat(web_server.url("/a.jpg"))
        alive.set()


async def test_waiting_for_a_slot_ends_at_the_deadline_too(web_server: WebServer) -> None:
    web_server.will("/a.jpg", SILENCE)

    async with open_home(web_server, timeout=0.6, connections=2) as web:
        async with asyncio.timeout(10):
            results = await asyncio.gather(
                *(web.stat(web_server.url("/a.jpg")) for _ in range(30)), return_exceptions=True
            )

    assert [type(result) for result in results] == [SourceTimeout] * 30
    assert web_server.connections < 15


async def test_callers_who_leave_at_any_moment_hold_nothing(web_server: WebServer) -> None:
    web_server.will("/a.jpg", STALLED)
    web_server.will("/b.jpg", found(b"fine"))

    async with open_home(web_server, connections=2) as web:
        before = descriptors()
        for patience in range(60):
            leaving = [_fetch(web, web_server.url("/a.jpg")) for _ in range(4)]
            await asyncio.sleep(patience / 10_000)
            for task in leaving:
                task.cancel()
            await asyncio.wait(leaving)
        await until(lambda: web_server.open == 0 and descriptors() <= before)
        async with asyncio.timeout(10):
            blobs = await asyncio.gather(
                *(web.fetch(web_server.url("/b.jpg"), max_bytes=MB) for _ in range(8))
            )

    assert [blob.data for blob in blobs] == [b"fine"] * 8


def _fetch(web: WebSource, url: str) -> asyncio.Task[Any]:
    return asyncio.create_task(web.fetch(url, max_bytes=MB))


async def test_the_next_address_is_tried_where_nobody_listens(web_server: WebServer) -> None:
    web_server.will("/a.jpg", found(b"abc"))

    def resolve(host: str) -> list[str]:
        return ["::1", "127.0.0.9", "127.0.0.1"]

    async with open_home(web_server, resolve=resolve) as web:
        blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"abc"


@pytest.mark.parametrize("addresses", [["127.0.0.9"], []])
async def test_nobody_there_is_unavailable(web_server: WebServer, addresses: list[str]) -> None:
    async with open_home(web_server, resolve=lambda host: addresses) as web:
        with pytest.raises(SourceUnavailable, match="expected an answer"):
            await web.stat(web_server.url("/a.jpg"))


async def test_an_unknown_name_is_unavailable(web_server: WebServer) -> None:
    def resolve(host: str) -> list[str]:
        raise OSError("Name or service not known")

    async with open_home(web_server, resolve=resolve) as web:
        with pytest.raises(SourceUnavailable, match=r"img\.example has no address: Name or"):
            await web.stat(web_server.url("/a.jpg"))


async def test_a_closed_source_leaves_no_descriptor(web_server: WebServer) -> None:
    web_server.will("/a.jpg", found(b"abc"))
    before = descriptors()

    async with open_home(web_server) as web:
        for _ in range(3):
            await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    await until(lambda: web_server.open == 0 and descriptors() <= before)
