"""Several servers that share a Redis and a bucket: each result is made once in all of them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.origin.live import PAIR, photo, signed
from tests.redis_server import redis_server as redis_server
from tests.redis_server import redis_url as redis_url
from tests.s3 import S3Server
from tests.system.crowd import Gallery, Watched, answers, ask, crowd, gallery
from tests.system.server import running

# Seconds that a request may take: those of the default setting.
TIMEOUT = 10


@pytest_asyncio.fixture
async def sources() -> AsyncIterator[Gallery]:
    async with gallery() as opened:
        yield opened


@contextmanager
def fleet(folder: Path, settings: dict[str, Any], *, disks: bool = True) -> Iterator[list[Watched]]:
    """Two servers with the same settings, but with disks of their own or none."""
    with ExitStack() as stack:
        servers = []
        for name in ("one", "other"):
            disk = {"CACHE_DISK_DIR": folder / f"{name}-disk"} if disks else {}
            own = {**settings, **disk, "NODE": name}
            servers.append(Watched(stack.enter_context(running(folder / name, **own))))
        yield servers


@pytest.fixture
def settings(sources: Gallery, redis_url: str, s3_server: S3Server) -> dict[str, Any]:
    return {
        "KEYS": PAIR.key.hex(),
        "SALTS": PAIR.salt.hex(),
        "WORKERS": 2,
        "TIMEOUT": TIMEOUT,
        "HTTP_ALLOW": sources.host,
        "HTTP_ALLOW_PRIVATE": 1,
        "CACHE_REDIS_URL": redis_url,
        "CACHE_RESULTS": f"s3://{s3_server.new_bucket()}/results",
        "S3_ENDPOINT": s3_server.url,
        "more": s3_server.environment,
    }


async def expect_nothing(watched: Watched, sources: Gallery) -> None:
    """It has looked for other results so often, in vain, that it would begin at once."""
    source = sources.put(photo(100, 50))
    for width in range(1, 22):
        answer = await ask(watched.server.port, signed(f"/w:{width}/plain/{source}@png"))
        assert answer.status == 200


@pytest.mark.parametrize(
    ("through", "max_kb", "disks", "expecting"),
    [
        ("redis", 128, True, True),
        ("redis", 128, True, False),
        ("objects", 1, True, True),
        ("objects", 1, False, True),
        ("objects", 1, False, False),
    ],
)
async def test_a_thousand_at_two_servers_are_one_fetch_and_one_render(
    tmp_path: Path,
    settings: dict[str, Any],
    sources: Gallery,
    through: str,
    max_kb: int,
    disks: bool,
    expecting: bool,
) -> None:
    source = sources.put(photo(400, 300))
    target = signed(f"/w:200/plain/{source}@png")
    settings |= {"CACHE_REDIS_MAX_KB": max_kb, "TIMEOUT": 60}

    async with crowd() as people:
        with fleet(tmp_path, settings, disks=disks) as servers:
            for watched in servers:
                if not expecting:
                    await expect_nothing(watched, sources)
                await watched.begin()
            with sources.holding("GET"):
                clients = []
                for watched in servers:
                    clients += await people.ask(watched.server.port, [target] * 500)
                for watched in servers:
                    await watched.until("flights", "joined", 499)
            got = await answers(clients)
            begun = [await watched.done("workers", "begun") for watched in servers]
            hits = [await watched.tier(through, "hit") for watched in servers]

    assert [answer.status for answer in got] == [200] * 1000
    assert len({(answer.headers["etag"], answer.body) for answer in got}) == 1
    assert len(got[0].body) > 1024
    assert sources.times("GET", source) == 1
    assert sorted(begun) == [0, 1]
    # The server that did not render found the result there.
    assert [hit > 0 for hit in hits] == [not renders for renders in begun]


@pytest.mark.parametrize("max_kb", [1, 128])
async def test_what_another_has_made_comes_while_its_source_does_not(
    tmp_path: Path, settings: dict[str, Any], sources: Gallery, max_kb: int
) -> None:
    target = signed(f"/w:200/plain/{sources.put(photo(400, 300))}@png")

    with fleet(tmp_path, settings | {"CACHE_REDIS_MAX_KB": max_kb}) as (one, other):
        await expect_nothing(one, sources)
        await one.begin()
        made = await ask(other.server.port, target)
        async with asyncio.timeout(TIMEOUT):
            while not await other.tier("objects", "stored"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        with sources.holding("GET"):
            found = await ask(one.server.port, target)
        begun = await one.done("workers", "begun")

    assert (found.status, found.body, begun) == (200, made.body, 0)
    tier = "objects" if max_kb == 1 else "redis"
    assert f"safelight-{tier}; hit" in found.headers["cache-status"]


async def test_a_server_that_is_killed_while_it_renders_is_replaced_by_another(
    tmp_path: Path, settings: dict[str, Any], sources: Gallery
) -> None:
    target = signed(f"/w:200/plain/{sources.put(photo(400, 300))}@png")

    async with crowd() as people:
        with fleet(tmp_path, settings) as (doomed, other), doomed.standstill():
            await doomed.begin()
            await other.begin()
            await people.ask(doomed.server.port, [target])
            await doomed.until("workers", "begun", 1)
            clients = await people.ask(other.server.port, [target] * 100)
            await other.until("flights", "joined", 99)
            waiting = await other.done("workers", "begun")

            doomed.server.process.send_signal(signal.SIGKILL)
            doomed.server.process.wait(30)
            got = await answers(clients)
            begun = await other.done("workers", "begun")

    assert (waiting, begun) == (0, 1)
    assert [(answer.status, answer.code) for answer in got] == [(200, "")] * 100
    assert len({(answer.headers["etag"], answer.body) for answer in got}) == 1
