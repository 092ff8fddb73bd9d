"""A source that falls silent within a body: who waits is told in time, all that was taken for it is
given back, and other sources do not notice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults import FaultProxyThread, Faults, Flow, fault_proxy_thread
from tests.origin.live import PAIR, noise, signed
from tests.origin.sources.web_server import serve_web
from tests.s3 import S3Server
from tests.system.crowd import Answer, answers, ask, crowd, leave
from tests.system.server import Server, running
from tests.system.vitals import at_rest, until_back

TIMEOUT = 3
SLACK = 8.0
CLIENTS = 24
# Of a body of thirty thousand bytes and more.
PASSED = 6000
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """A server, the way to one of its sources, and what lies there and in another."""

    server: Server
    proxy: FaultProxyThread
    dark: tuple[str, ...]
    fine: tuple[str, ...]
    pooled: tuple[int, ...] = ()


@asynccontextmanager
async def buckets(folder: Path, s3_server: S3Server) -> AsyncIterator[Site]:
    dark, pictures = s3_server.new_bucket(), folder / "pictures"
    pictures.mkdir()
    for number in range(CLIENTS):
        s3_server.put(dark, f"{number}.png", picture(number))
        (pictures / f"{number}.png").write_bytes(picture(number))
    with fault_proxy_thread("127.0.0.1", int(s3_server.url.rpartition(":")[2])) as proxy:
        settings: dict[str, Any] = {
            "S3_BUCKETS": dark,
            "S3_ENDPOINT": proxy.url("http"),
            "LOCAL_ROOT": pictures,
        }
        with running(folder, more=s3_server.environment, **usual(), **settings) as server:
            yield Site(server, proxy, names(f"s3://{dark}"), names("local://"))


@asynccontextmanager
async def hosts(folder: Path, _: S3Server) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        dark = await stack.enter_async_context(serve_web())
        fine = await stack.enter_async_context(serve_web())
        for number in range(CLIENTS):
            dark.put(f"{number}.png", picture(number))
            fine.put(f"{number}.png", picture(number))
        proxy = stack.enter_context(fault_proxy_thread("127.0.0.1", dark.port))
        both = (f"127.0.0.1:{proxy.port}", f"127.0.0.1:{fine.port}")
        settings: dict[str, Any] = {"HTTP_ALLOW": ",".join(both), "HTTP_ALLOW_PRIVATE": 1}
        server = stack.enter_context(running(folder, **usual(), **settings))
        dark_names, fine_names = (names(f"http://{host}") for host in both)
        yield Site(server, proxy, dark_names, fine_names, (fine.port,))


def usual() -> dict[str, Any]:
    pair = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
    return {**pair, "WORKERS": 1, "TIMEOUT": TIMEOUT, "CACHE_MEMORY_MB": 0, "CACHE_SOURCES_MB": 0}


def picture(number: int) -> bytes:
    return noise(100 + number)


def names(where: str) -> tuple[str, ...]:
    return tuple(f"{where}/{number}.png" for number in range(CLIENTS))


def targets(sources: Sequence[str], width: int) -> list[str]:
    return [signed(f"/w:{width}/plain/{source}@png") for source in sources]


async def one_by_one(server: Server, paths: Sequence[str]) -> list[Answer]:
    return [await ask(server.port, path) for path in paths]


async def until_answered(server: Server, path: str) -> Answer:
    """A source that failed is left alone for a while."""
    async with asyncio.timeout(_PATIENCE):
        while (answer := await ask(server.port, path)).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return answer


@pytest.mark.parametrize("world", [buckets, hosts])
async def test_a_source_that_falls_silent_within_a_body_holds_nothing_and_nobody(
    world: Any, tmp_path: Path, s3_server: S3Server
) -> None:
    async with world(tmp_path, s3_server) as site:
        server, pids = site.server, site.server.workers
        start = await at_rest(server, pooled=site.pooled)
        # From now on their versions are known, so that nothing but bodies is asked for.
        first = await one_by_one(server, targets(site.dark, 20))
        site.proxy.faults = Faults(to_client=Flow(stall_after=PASSED))

        async with crowd() as people:
            clients = await people.ask(server.port, targets(site.dark, 30))
            await asyncio.sleep(TIMEOUT / 6)
            leave(clients[::2])
            others = await one_by_one(server, targets(site.fine, 30))
            got = await answers(clients[1::2])
        still_open = await silence(site.proxy)
        await until_back(server, start, pooled=site.pooled)
        site.proxy.faults = Faults()
        last = await until_answered(server, targets(site.dark, 40)[0])

    assert {answer.status for answer in (*first, *others, last)} == {200}
    assert {(answer.status, answer.code) for answer in got} <= {
        (504, "source_timeout"),
        (504, "deadline"),
        (502, "source_truncated"),
    }
    assert all(answer.headers["cache-control"] == "no-store" for answer in got)
    assert max(answer.seconds for answer in got) < TIMEOUT + SLACK
    # No request of the others waited for the silent source.
    assert max(answer.seconds for answer in others) < TIMEOUT / 2
    assert still_open == 0
    assert "Traceback" not in server.logged
    assert pids == list(start.workers)


async def silence(proxy: FaultProxyThread) -> int:
    """How many connections to the source are left, given time to end."""
    end = time.monotonic() + _PATIENCE
    while proxy.counts.open and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return proxy.counts.open
