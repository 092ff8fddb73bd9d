"""A herd of clients before one server: each source is fetched once and each result made once,
whoever of them leaves, and whatever comes of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.origin.live import PAIR, noise, photo, signed
from tests.system.crowd import Gallery, Watched, answers, ask, crowd, gallery
from tests.system.server import running

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKERS = 4
# Seconds that a busy machine may take for what needs none.
SLACK = 8


@dataclass(frozen=True, slots=True)
class Site:
    """A server that is under watch, and the gallery that it reads."""

    watched: Watched
    sources: Gallery

    @property
    def port(self) -> int:
        return self.watched.server.port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with gallery() as sources:
        settings = settings_for(sources, WORKERS=WORKERS, TIMEOUT=60)
        with running(tmp_path_factory.mktemp("herd"), **settings) as server:
            yield Site(Watched(server), sources)


@pytest_asyncio.fixture(loop_scope="module")
async def site(opened: Site) -> AsyncIterator[Site]:
    """Nothing is under way, before and after."""
    await opened.watched.begin()
    yield opened
    await opened.watched.until("flights", "aloft", 0)


def settings_for(sources: Gallery, **more: object) -> dict[str, Any]:
    pair = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
    return {**pair, "HTTP_ALLOW": sources.host, "HTTP_ALLOW_PRIVATE": 1, **more}


async def test_a_thousand_at_once_are_one_fetch_and_one_render(site: Site) -> None:
    source = site.sources.put(photo(400, 300))
    target = signed(f"/w:200/plain/{source}@png")

    async with crowd() as people:
        with site.sources.holding("GET"):
            clients = await people.ask(site.port, [target] * 1000)
            await site.watched.until("flights", "joined", 999)
        got = await answers(clients)

    assert [answer.status for answer in got] == [200] * 1000
    assert len({(answer.headers["etag"], answer.body) for answer in got}) == 1
    assert sum("collapsed" in answer.headers["cache-status"] for answer in got) == 999
    assert (site.sources.times("HEAD", source), site.sources.times("GET", source)) == (1, 1)
    assert (
        await site.watched.done("workers", "begun"),
        await site.watched.done("sources", "fetched"),
    ) == (1, 1)


@pytest.mark.parametrize("held", ["HEAD", ""])
async def test_a_thousand_are_one_fetch_and_one_render_however_fast_the_source_is(
    site: Site, held: str
) -> None:
    source = site.sources.put(photo(400, 300))
    target = signed(f"/w:200/plain/{source}@png")

    async with crowd() as people:
        if held:
            with site.sources.holding(held):
                clients = await people.ask(site.port, [target] * 1000)
        else:
            clients = await people.ask(site.port, [target] * 1000)
        got = await answers(clients)

    assert [answer.status for answer in got] == [200] * 1000
    assert len({(answer.headers["etag"], answer.body) for answer in got}) == 1
    assert (site.sources.times("HEAD", source), site.sources.times("GET", source)) == (1, 1)
    assert await site.watched.done("workers", "begun") == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_first_may_leave_before_or_after_the_render_has_begun(
    site: Site, when: str
) -> None:
    source = site.sources.put(photo(400, 300))
    target = signed(f"/w:200/plain/{source}@png")

    async with crowd() as people:
        with site.watched.standstill():
            with site.sources.holding("GET"):
                first = await people.ask(site.port, [target])
                await site.watched.until("sources", "fetched", 1)
                others = await people.ask(site.port, [target] * 999)
                await site.watched.until("flights", "joined", 999)
                if when == "before":
                    await site.watched.see_off(first)
            await site.watched.until("workers", "begun", 1)
            if when == "after":
                await site.watched.see_off(first)
        got = await answers(others)

    assert [answer.status for answer in got] == [200] * 999
    assert len({(answer.headers["etag"], answer.body) for answer in got}) == 1
    assert (site.sources.times("GET", source), await site.watched.done("workers", "begun")) == (
        1,
        1,
    )


async def test_what_nobody_waits_for_any_more_is_not_rendered_while_its_source_comes(
    site: Site,
) -> None:
    source = site.sources.put(photo())
    target = signed(f"/w:20/plain/{source}@png")

    async with crowd() as people:
        with site.sources.holding("GET"):
            clients = await people.ask(site.port, [target] * 100)
            await site.watched.until("flights", "joined", 99)
            await site.watched.see_off(clients)
            await site.watched.until("flights", "aloft", 0)
    begun = await site.watched.done("workers", "begun")
    later = await ask(site.port, target)

    assert begun == 0
    assert (later.status, await site.watched.done("workers", "begun")) == (200, 1)


async def test_what_nobody_waits_for_any_more_is_not_rendered_when_its_turn_comes(
    site: Site,
) -> None:
    source, busy = site.sources.put(photo()), site.sources.put(photo(seed=1))
    blocking = [signed(f"/w:{10 + number}/plain/{busy}@png") for number in range(WORKERS)]

    async with crowd() as people:
        with site.watched.standstill():
            blockers = await people.ask(site.port, blocking)
            await site.watched.until("workers", "begun", WORKERS)
            clients = await people.ask(site.port, [signed(f"/w:20/plain/{source}@png")] * 100)
            await site.watched.until("workers", "waiting", 1)
            await site.watched.see_off(clients)
            await site.watched.until("workers", "waiting", 0)
        got = await answers(blockers)

    assert [answer.status for answer in got] == [200] * WORKERS
    assert await site.watched.done("workers", "begun") == WORKERS


async def test_what_was_begun_is_kept_though_nobody_waited_for_it(site: Site) -> None:
    source = site.sources.put(photo())
    target = signed(f"/w:20/plain/{source}@png")

    async with crowd() as people:
        with site.watched.standstill():
            clients = await people.ask(site.port, [target] * 100)
            await site.watched.until("workers", "begun", 1)
            await site.watched.until("flights", "joined", 99)
            await site.watched.see_off(clients)
        await site.watched.until("flights", "aloft", 0)
    later = await ask(site.port, target)

    assert (later.status, later.headers["cache-status"]) == (200, "safelight-memory; hit")
    assert (site.sources.times("GET", source), await site.watched.done("workers", "begun")) == (
        1,
        1,
    )


async def test_two_hundred_sizes_of_one_source_are_one_fetch(site: Site) -> None:
    source = site.sources.put(photo(400, 300))
    targets = [signed(f"/w:{size}/plain/{source}@png") for size in range(1, 201)]

    async with crowd() as people:
        with site.sources.holding("GET"):
            clients = await people.ask(site.port, targets)
            await site.watched.until("flights", "aloft", 200)
        got = await answers(clients)
    another = await ask(site.port, signed(f"/w:201/plain/{source}@png"))

    assert [answer.status for answer in (*got, another)] == [200] * 201
    assert len({answer.headers["etag"] for answer in got}) == 200
    assert (site.sources.times("HEAD", source), site.sources.times("GET", source)) == (1, 1)
    assert (
        await site.watched.done("sources", "fetched"),
        await site.watched.done("workers", "begun"),
    ) == (1, 201)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"no picture at all" * 10, 415, "source_unsupported"),
        (noise(100)[:5000], 422, "source_broken"),
    ],
)
async def test_a_failure_is_shared_and_remembered(
    site: Site, data: bytes, status: int, code: str
) -> None:
    source = site.sources.put(data)
    target = signed(f"/w:20/plain/{source}@png")

    async with crowd() as people:
        with site.sources.holding("GET"):
            clients = await people.ask(site.port, [target] * 200)
            await site.watched.until("flights", "joined", 199)
        got = await answers(clients)
        # Well within the ten seconds of SAFELIGHT_NEGATIVE_TTL.
        got += await answers(await people.ask(site.port, [target] * 50))

    assert [(answer.status, answer.code) for answer in got] == [(status, code)] * 250
    assert len({answer.body for answer in got}) == 1
    assert (site.sources.times("GET", source), await site.watched.done("workers", "begun")) == (
        1,
        1,
    )
    assert await site.watched.done("flights", "spared") == 50


@pytest.mark.parametrize("dripping", [False, True])
async def test_a_source_that_stalls_keeps_nobody_longer_than_the_deadline(
    tmp_path: Path, dripping: bool
) -> None:
    async with gallery() as sources, crowd() as people:
        target = signed(f"/w:20/plain/{sources.put(photo())}@png")
        with running(tmp_path, **settings_for(sources, WORKERS=1, TIMEOUT=2)) as server:
            watched = Watched(server)
            await watched.begin()
            with sources.dripping() if dripping else sources.holding("GET"):
                early = await people.ask(server.port, [target] * 100)
                await watched.until("flights", "joined", 99)
                late = await people.ask(server.port, [target] * 100)
                got = await answers([*early, *late])
            begun = await watched.done("workers", "begun")

            # The failure is remembered for a second.
            end = time.monotonic() + 30
            while (last := await ask(server.port, target)).status == 504:
                assert time.monotonic() < end, "expected the server to ask the source again"
                await asyncio.sleep(0.1)

    assert [answer.status for answer in got] == [504] * 200
    assert {answer.code for answer in got} <= {"source_timeout", "deadline"}
    assert max(answer.seconds for answer in got) < 2 + SLACK
    assert (begun, last.status) == (0, 200)
