"""What makes a server unready, and what does not."""

from __future__ import annotations

import httpx
import pytest

from origin.operating import make_side_app
from origin.readiness import Readiness
from tests.origin.live import Origin


async def probed(opened: Origin, *, ready: bool) -> httpx.Response:
    app = make_side_app(lambda: opened.services, lambda: ready)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        return await client.get("/readyz")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_probe_is_told_what_the_server_is_made_of(opened: Origin) -> None:
    answer = await probed(opened, ready=True)
    told = answer.json()

    assert answer.status_code == 200
    assert (told["ready"], told["ailments"]) == (True, [])
    assert told["workers"]["up"] == told["workers"]["count"] == len(told["first_pictures"]) == 1
    assert told["first_pictures"][0]["ms"] > 0
    assert told["queue"] == {"waiting": 0, "oldest_s": 0.0}
    assert told["watchdog"]["stalled"] is False
    assert set(told["sandbox"]) == {"limits", "no_new_privileges", "landlock", "seccomp"}
    assert told["engine"]["libvips"].count(".") == 2
    assert told["tiers"]["memory"] == {"reads": "closed", "writes": "closed"}


@pytest.mark.asyncio(loop_scope="session")
async def test_what_other_machines_do_changes_nothing(opened: Origin) -> None:
    tier = opened.services.caches.tiers
    memory = next(place.tier for place in tier._places)
    for _ in range(9):
        memory.breaker.failed()
    answer = await probed(opened, ready=True)
    memory.breaker.succeeded()

    assert answer.status_code == 200
    assert answer.json()["tiers"]["memory"]["reads"] == "open"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_server_that_stops_is_not_ready_though_nothing_ails_it(opened: Origin) -> None:
    answer = await probed(opened, ready=False)

    assert answer.status_code == 503
    assert (answer.json()["serving"], answer.json()["ailments"]) == (False, [])


def test_an_ailment_is_enough() -> None:
    assert Readiness(serving=True).ready
    assert not Readiness(True, ("two workers short",)).ready
