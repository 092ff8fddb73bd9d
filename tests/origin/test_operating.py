"""What operators do to a running server: warming goes last, does not give up, and is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from origin.asked import ask
from origin.errors import Deadline, Overloaded
from origin.operating import make_side_app, warm_one
from origin.services import Services, open_services
from origin.settings import read_settings
from tests.origin.live import noise, photo, until
from transforms.plan import Plan

WORKERS = 1
QUEUE = 256


@pytest.fixture
async def services(environment: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Services]:
    (tmp_path / "photo.jpg").write_bytes(photo(1200, 800))
    (tmp_path / "noise.png").write_bytes(noise(1400))
    settings = read_settings(
        unsafe=True, local_root=tmp_path, workers=WORKERS, timeout=60, pointer_ttl=600
    )
    async with open_services(settings) as services:
        yield services


def plan(services: Services, options: str, name: str = "photo.jpg") -> Plan:
    return services.rules.dialect.parse(f"/{options}/plain/local:///{name}".encode())


async def find(services: Services, plan: Plan, *, later: bool) -> float:
    """When the result was there."""
    wanted = await services.variants.identify(ask(plan, services.rules.policies))
    await services.variants.find(wanted, later=later)
    return time.perf_counter()


async def until_waiting(services: Services, count: int) -> None:
    await until(lambda: services.workers.facts()["waiting"] >= count)


async def test_what_is_warmed_is_made_once_and_a_hit_from_then_on(services: Services) -> None:
    first = await warm_one(plan(services, "w:50/f:png"), services)
    again = await warm_one(plan(services, "w:50/f:png"), services)

    assert (first.status, again.status) == ("made", "hit")
    assert first.bytes == again.bytes > 0
    assert services.workers.facts()["begun"] == 1


async def test_a_visitor_goes_past_all_that_wait_to_be_warmed(services: Services) -> None:
    warmed = [
        asyncio.create_task(find(services, plan(services, f"w:{600 + n}/f:webp"), later=True))
        for n in range(20)
    ]
    await until_waiting(services, 15)

    visitor = await find(services, plan(services, "w:30/f:png"), later=False)
    left = [task for task in warmed if not task.done()]
    times = await asyncio.gather(*warmed)

    assert len(left) >= 10
    assert sum(done > visitor for done in times) >= len(left)


async def test_a_visitor_does_not_wait_for_the_warming_of_the_very_same_result(
    services: Services,
) -> None:
    warmed = [
        asyncio.create_task(find(services, plan(services, f"w:{600 + n}/f:webp"), later=True))
        for n in range(20)
    ]
    await until_waiting(services, 15)
    visitor = await find(services, plan(services, "w:619/f:webp"), later=False)
    times = await asyncio.gather(*warmed)

    assert sum(done > visitor for done in times) >= 10


async def test_warming_waits_while_there_is_no_room_in_the_queue(services: Services) -> None:
    slow = asyncio.create_task(
        find(services, plan(services, "q:90/f:avif", "noise.png"), later=True)
    )
    await until(lambda: services.workers.facts()["busy"] == 1)
    queued = [
        asyncio.create_task(find(services, plan(services, f"w:{1 + n}/f:png"), later=True))
        for n in range(WORKERS * QUEUE)
    ]
    await until_waiting(services, WORKERS * QUEUE)
    with pytest.raises(Overloaded):
        await find(services, plan(services, "w:500/f:png"), later=True)

    async with asyncio.timeout(50):
        warmed = await warm_one(plan(services, "w:500/f:png"), services)

    assert warmed.status == "made"
    await asyncio.gather(slow, *queued)


async def test_what_never_is_done_in_time_is_given_up_after_ten_tries(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("origin.operating._PAUSE_SECONDS", 0.01)
    hasty = replace(services, variants=replace(services.variants, timeout=0.2))

    with pytest.raises(Deadline, match="SAFELIGHT_TIMEOUT"):
        await warm_one(plan(hasty, "q:90/f:avif", "noise.png"), hasty)

    # A failure is remembered for longer than the pauses of this test.
    assert services.caches.flights.spared == 9


async def test_what_cannot_be_made_is_not_tried_again(services: Services) -> None:
    (Path(str(services.settings.local_root)) / "no.jpg").write_bytes(b"no picture at all" * 9)

    with pytest.raises(Exception, match=r"picture|format"):
        await warm_one(plan(services, "w:50", "no.jpg"), services)

    assert services.workers.facts()["begun"] == 1


async def test_the_counts_tell_of_tiers_sources_and_workers(services: Services) -> None:
    app = make_side_app(lambda: services, lambda: True)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        await warm_one(plan(services, "w:50/f:png"), services)
        await warm_one(plan(services, "w:50/f:png"), services)

        facts = (await client.get("/cache")).json()
        paths = ["/w:50/f:png/plain/local:///photo.jpg"]
        lines = (await client.post("/warm", json={"paths": paths})).text

    assert facts["node"]
    assert facts["tiers"]["memory"]["stored"] == 1
    assert facts["tiers"]["memory"]["hit"] >= 1
    assert facts["sources"]["fetched"] == 1
    assert (facts["workers"]["begun"], facts["workers"]["count"]) == (1, WORKERS)
    assert facts["flights"]["aloft"] == 0
    assert '"status":"hit"' in lines
