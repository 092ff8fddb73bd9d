"""One source is slow, asked for all the time: pictures of another come as if it were not."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import pytest

from tests.faults import FaultProxyThread, Faults, Flow, fault_proxy_thread
from tests.origin.live import PAIR, photo, signed
from tests.origin.sources.web_server import serve_web
from tests.s3 import S3Server
from tests.system.server import Server, running

TIMEOUT = 3
LATENCY = 10.0
CLIENTS = 50
ROUND = 200
LONGEST_PAUSE = 30.0
# What other things on this machine may do to one request, and to all of them, in seconds.
# A request that has to wait for room takes 0.75 s at least, for the slow source 3 s.
HICCUP, NOISE = 0.5, 0.05
SLACK = 8.0
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """A server, the way to its slow source, and how sources are put where it finds them."""

    server: Server
    proxy: FaultProxyThread
    put_slow: Callable[[str], str]
    put_fine: Callable[[str], str]
    client: httpx.AsyncClient

    async def ask(self, source: str) -> httpx.Response:
        return await self.client.get(signed(f"/w:20/plain/{source}@png"))

    async def round(self, name: str) -> list[float]:
        """Seconds until each of many pictures of the fine source is there."""
        sources = [self.put_fine(f"{name}-{number}.jpg") for number in range(ROUND)]
        seconds = []
        for source in sources:
            began = time.monotonic()
            answer = await self.ask(source)
            seconds.append(time.monotonic() - began)
            assert answer.status_code == 200, answer.text
        return seconds

    async def seconds_until_back(self) -> float:
        """How long it takes until a picture of the slow source is there."""
        began = time.monotonic()
        async with asyncio.timeout(_PATIENCE):
            for number in itertools.count():
                answer = await self.ask(self.put_slow(f"back-{number}.jpg"))
                if answer.status_code == 200:
                    break
                await asyncio.sleep(0.1)
        return time.monotonic() - began


@asynccontextmanager
async def s3_and_folder(folder: Path, s3_server: S3Server) -> AsyncIterator[Site]:
    bucket, pictures = s3_server.new_bucket(), folder / "pictures"
    pictures.mkdir()

    def put_slow(name: str) -> str:
        s3_server.put(bucket, name, photo())
        return f"s3://{bucket}/{name}"

    def put_fine(name: str) -> str:
        (pictures / name).write_bytes(photo())
        return f"local:///{name}"

    with fault_proxy_thread("127.0.0.1", int(s3_server.url.rpartition(":")[2])) as proxy:
        settings = {
            "S3_BUCKETS": bucket,
            "S3_ENDPOINT": proxy.url("http"),
            "LOCAL_ROOT": pictures,
            "more": s3_server.environment,
        }
        async with serving(folder, settings) as (server, client):
            yield Site(server, proxy, put_slow, put_fine, client)


@asynccontextmanager
async def two_hosts(folder: Path, _: S3Server) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        slow = await stack.enter_async_context(serve_web())
        fine = await stack.enter_async_context(serve_web())
        proxy = stack.enter_context(fault_proxy_thread("127.0.0.1", slow.port))

        def put_slow(name: str) -> str:
            slow.put(name, photo())
            return f"http://127.0.0.1:{proxy.port}/{name}"

        def put_fine(name: str) -> str:
            fine.put(name, photo())
            return f"http://127.0.0.1:{fine.port}/{name}"

        settings = {
            "HTTP_ALLOW": f"127.0.0.1:{proxy.port},127.0.0.1:{fine.port}",
            "HTTP_ALLOW_PRIVATE": 1,
        }
        server, client = await stack.enter_async_context(serving(folder, settings))
        yield Site(server, proxy, put_slow, put_fine, client)


@asynccontextmanager
async def serving(
    folder: Path, settings: dict[str, Any]
) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    pair = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
    usual = {"WORKERS": 1, "TIMEOUT": TIMEOUT, "CACHE_MEMORY_MB": 0, "CACHE_SOURCES_MB": 0}
    with running(folder, **{**pair, **usual, **settings}) as server:
        async with httpx.AsyncClient(
            base_url=server.url, timeout=_PATIENCE, trust_env=False
        ) as client:
            yield server, client


@asynccontextmanager
async def clients_of(site: Site) -> AsyncIterator[list[httpx.Response]]:
    """Many ask for pictures of the slow source, each for one after the other; what they got."""
    answers: list[httpx.Response] = []

    async def visit(client: int) -> None:
        await asyncio.sleep(client / CLIENTS / 2)
        for number in range(1000):
            answers.append(await site.ask(site.put_slow(f"{client}-{number}.jpg")))
            await asyncio.sleep(0.5)

    visitors = [asyncio.create_task(visit(client)) for client in range(CLIENTS)]
    try:
        yield answers
    finally:
        for visitor in visitors:
            visitor.cancel()
        ends = await asyncio.gather(*visitors, return_exceptions=True)
        assert {type(end) for end in ends} == {asyncio.CancelledError}


def codes(answers: list[httpx.Response]) -> set[str]:
    return {answer.headers.get("x-safelight-error", "") for answer in answers}


def p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[-1]


@pytest.mark.parametrize("world", [s3_and_folder, two_hosts])
async def test_a_slow_source_slows_no_other_and_is_used_again_when_it_recovers(
    world: Any, tmp_path: Path, s3_server: S3Server
) -> None:
    async with world(tmp_path, s3_server) as site:
        await site.round("first")
        quiet = await site.round("quiet")
        site.proxy.faults = Faults(to_client=Flow(latency=LATENCY))

        async with clients_of(site) as answers:
            # Its room is full at first, and then it is left alone.
            crowded = await site.round("crowded")
            async with asyncio.timeout(_PATIENCE):
                while "source_unavailable" not in codes(answers):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            failing = await site.round("failing")
            suffered = list(answers)

        site.proxy.faults = Faults()
        back = await site.seconds_until_back()

    for seconds in (crowded, failing):
        assert median(seconds) < 1.1 * median(quiet) + NOISE
        assert p99(seconds) < 1.1 * p99(quiet) + HICCUP
    assert back < LONGEST_PAUSE + TIMEOUT + SLACK
    late = {"source_timeout", "deadline"}
    assert {"source_busy", "source_unavailable"} <= codes(suffered)
    assert codes(suffered) <= {"source_busy", "source_unavailable"} | late
    for answer in suffered:
        assert answer.status_code in (502, 503, 504)
        assert answer.headers["cache-control"] == "no-store"
        assert ("retry-after" in answer.headers) == (answer.status_code == 503)
