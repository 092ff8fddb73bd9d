"""Clients that break off at any moment: the server holds what it held before they came, and nobody
else has noticed.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from loadtests.soak.vitals import opened
from tests.origin.live import PAIR, noise, photo, signed
from tests.redis_server import serve_redis
from tests.s3 import S3Server
from tests.system.aborting import aborts, carry_out
from tests.system.crowd import Watched, ask, gallery
from tests.system.server import Server, running
from tests.system.vitals import at_rest, until_back

CLIENTS = 1000
# Far fewer than may wait for the workers: nobody is turned away.
AT_ONCE = 50
PICTURES = 10
UNWINDS_WITHIN = 10.0
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """A server with pictures in a folder and in a bucket."""

    server: Server
    sources: tuple[str, ...]
    pooled: tuple[int, ...] = ()

    def targets(self, count: int) -> Iterator[str]:
        """New results, most of them small, and some that many want."""
        random = Random(count)
        for number in range(count):
            source = random.choice(self.sources)
            option = random.choice((f"w:{20 + number % 300}", f"w:{20 + number}", "w:90", "q:90"))
            kind = random.choices(("png", "jpg", "webp", "avif"), (4, 4, 4, 1))[0]
            yield signed(f"/{option}/plain/{source}@{kind}")


def serving(folder: Path, **settings: Any) -> AbstractContextManager[Server]:
    pair = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
    return running(folder, **{**pair, "WORKERS": 1, "TIMEOUT": 30, **settings})


@pytest.fixture(params=["memory alone", "disk and Redis"])
def site(request: Any, tmp_path: Path, s3_server: S3Server) -> Iterator[Site]:
    bucket, folder = s3_server.new_bucket(), tmp_path / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        (folder / f"{number}.png").write_bytes(noise(100 + 40 * number))
        s3_server.put(bucket, f"{number}.jpg", photo(900, 600, seed=number))
    sources = [f"local:///{number}.png" for number in range(PICTURES)]
    sources += [f"s3://{bucket}/{number}.jpg" for number in range(PICTURES)]
    settings: dict[str, Any] = {
        "WORKERS": 2,
        "LOCAL_ROOT": folder,
        "S3_BUCKETS": bucket,
        "S3_ENDPOINT": s3_server.url,
    }
    with ExitStack() as stack:
        pooled: tuple[int, ...] = ()
        if request.param == "disk and Redis":
            redis = stack.enter_context(serve_redis(tmp_path / "redis"))
            pooled = (redis.port,)
            settings |= {"CACHE_REDIS_URL": redis.url, "CACHE_DISK_DIR": tmp_path / "disk"}
        server = stack.enter_context(
            serving(tmp_path / "server", more=s3_server.environment, **settings)
        )
        yield Site(server, tuple(sources), pooled)


@asynccontextmanager
async def others(site: Site) -> AsyncIterator[Counter[int]]:
    """A few clients that stay, each of which asks for one new result after the other; the statuses
    that they got.
    """
    statuses = Counter[int]()

    async def visit(client: httpx.AsyncClient, place: int) -> None:
        for number in itertools.count():
            source = site.sources[(place + number) % len(site.sources)]
            answer = await client.get(signed(f"/h:{20 + number}/cb:{place}/plain/{source}@png"))
            statuses[answer.status_code] += 1
            await asyncio.sleep(0.05)

    async with httpx.AsyncClient(
        base_url=site.server.url, timeout=_PATIENCE, trust_env=False
    ) as client:
        visitors = [asyncio.create_task(visit(client, place)) for place in range(3)]
        try:
            yield statuses
        finally:
            for visitor in visitors:
                visitor.cancel()
            ends = await asyncio.gather(*visitors, return_exceptions=True)
            assert {type(end) for end in ends} == {asyncio.CancelledError}


async def test_a_thousand_clients_that_break_off_leave_nothing_behind(site: Site) -> None:
    server, usual = site.server, signed(f"/w:50/plain/{site.sources[0]}@png")
    start = await at_rest(server, pooled=site.pooled)

    async with others(site) as statuses:
        leaving = aborts(list(site.targets(CLIENTS)), usual, seed=1)
        await carry_out(server.port, leaving, at_once=AT_ONCE)
        answered = statuses.total()
    last = await ask(server.port, signed(f"/w:51/plain/{site.sources[-1]}@png"))

    assert last.status == 200
    assert answered > 10
    assert statuses == {200: statuses.total()}
    assert '"client_gone"' in server.logged
    assert "worker replaced" not in server.logged
    assert {event["event"] for event in server.events if event["level"] == "error"} <= {"request"}
    await until_back(server, start, pooled=site.pooled)


async def test_who_leaves_a_pipeline_takes_the_request_under_way_along(tmp_path: Path) -> None:
    async with gallery() as sources:
        source = sources.put(photo(400, 300))
        target = signed(f"/w:200/plain/{source}@png")
        with serving(tmp_path, HTTP_ALLOW=sources.host, HTTP_ALLOW_PRIVATE=1) as server:
            watched = Watched(server)
            await watched.begin()

            with sources.holding("GET"):
                with socket.create_connection(("127.0.0.1", server.port)) as client:
                    client.sendall(2 * f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                    await watched.until("flights", "aloft", 1)
                await watched.until("flights", "aloft", 0)

            assert await watched.done("workers", "begun") == 0
            assert "Traceback" not in server.logged


async def test_a_render_that_is_given_up_at_its_deadline_gives_its_source_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "noise.png").write_bytes(noise(3000))
    with serving(tmp_path, TIMEOUT=1, LOCAL_ROOT=tmp_path, CACHE_SOURCES_MB=0) as server:
        answer = await ask(server.port, signed("/w:2900/plain/local:///noise.png@avif"))
        # Nothing else happens, so that it does not go with other garbage.
        async with asyncio.timeout(UNWINDS_WITHIN):
            while str(tmp_path / "noise.png") in opened(server.process.pid):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    assert (answer.status, answer.code) == (504, "deadline")
