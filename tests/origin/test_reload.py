"""Reloading: what is exchanged holds for the next request, what is wrong leaves all as it was."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from origin.app import Application
from origin.reload import reload, reloading
from origin.services import open_services
from origin.settings import Settings, SettingsError, read_settings
from tests.origin.live import HOST, Origin, photo, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def application(opened: Origin) -> Application:
    return Application(opened.services)


def having(images: Application, **settings: Any) -> Callable[[], Settings]:
    """What is read: settings as they are, but for these."""
    return lambda: images.services.settings.model_copy(update=settings)


async def get(images: Application, path: str, **fields: str) -> httpx.Response:
    transport = httpx.ASGITransport(images, raise_app_exceptions=False)
    request = httpx.Request("GET", HOST + signed(path), headers=fields)
    response = await transport.handle_async_request(request)
    await response.aread()
    return response


async def test_a_request_is_answered_by_the_rules_of_when_it_came(
    opened: Origin, application: Application
) -> None:
    path = f"/w:20/plain/{opened.put(photo())}@png"
    before = await get(application, path)

    await reload(having(application, ttl=5, cors="", base64_filename=True), application)
    after = await get(application, path)

    assert before.headers["cache-control"].startswith("public, max-age=31536000")
    assert after.headers["cache-control"].startswith("public, max-age=5,")
    assert "access-control-allow-origin" not in after.headers
    assert (after.headers["etag"], after.content) == (before.headers["etag"], before.content)
    assert "hit" in after.headers["cache-status"]
    assert opened.services.rules.manner.ttl == 31_536_000


async def test_quotas_that_are_used_up_stay_so(opened: Origin, application: Application) -> None:
    source = opened.put(photo())
    rates = {"miss_rate": "1/hour"}
    await reload(having(application, **rates), application)
    first = await get(application, f"/w:11/plain/{source}@png")

    await reload(having(application, ttl=6), application)
    same = await get(application, f"/w:12/plain/{source}@png")
    await reload(having(application, miss_rate="2/hour"), application)
    other = await get(application, f"/w:13/plain/{source}@png")
    await reload(having(application, miss_rate=""), application)
    free = [await get(application, f"/w:{14 + n}/plain/{source}@png") for n in range(3)]

    assert [one.status_code for one in (first, same, other)] == [200, 429, 200]
    assert {one.status_code for one in free} == {200}


async def test_what_is_counted_for_all_requests_has_new_bounds(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    settings = read_settings(
        unsafe=True, local_root=tmp_path, workers=1, pointer_ttl=1e6, negative_ttl=60
    )
    cat = tmp_path / "cat.jpg"
    cat.write_bytes(photo(60, 40))
    paths = [f"/w:{9 + n}/plain/local:///cat.jpg@png" for n in range(4)]
    async with open_services(settings) as services:
        images = Application(services)
        first = await get(images, paths[0])
        cat.write_bytes(photo(80, 40))
        trusted = await get(images, paths[0])
        missing = await get(images, "/plain/local:///no.jpg")
        bounds = {"pointer_ttl": 1e-6, "negative_ttl": 0, "max_variants": 2}

        await reload(having(images, **bounds), images)
        seen = await get(images, paths[0])
        (tmp_path / "no.jpg").write_bytes(photo())
        found = await get(images, "/plain/local:///no.jpg")
        few = [(await get(images, path)).status_code for path in paths[1:]]
        await reload(having(images, timeout=1e-3), images)
        late = await get(images, "/w:500/plain/local:///no.jpg@avif")

    assert first.headers["etag"] == trusted.headers["etag"] != seen.headers["etag"]
    assert (missing.status_code, found.status_code) == (404, 200)
    assert few == [200, 422, 422]
    assert (late.status_code, "0.001 s" in late.text) in [(504, False), (503, False)]


async def test_nothing_that_goes_wrong_while_reading_gets_out(application: Application) -> None:
    before = application.services

    def wrong() -> Settings:
        raise SettingsError("one\ntwo")

    def unforeseen() -> Settings:
        raise RuntimeError("5ec4e7")

    with capture_logs() as lines:
        await reload(wrong, application)
        await reload(unforeseen, application)
        await reload(having(application, config=Path("/nowhere")), application)

    kept = "kept the configuration of before"
    assert [line.get("problem", line["event"])[:15] for line in lines] == [
        *("one", "two", kept[:15]),
        *("RuntimeError, w", kept[:15]),
        *("SAFELIGHT_CONFI", kept[:15]),
    ]
    assert "5ec4e7" not in str(lines)
    assert application.services is before


async def test_a_disk_that_hangs_is_not_waited_for(application: Application) -> None:
    before, goes_on = application.services, threading.Event()

    def hanging() -> Settings:
        goes_on.wait(60)
        return before.settings

    with capture_logs() as lines:
        await reload(hanging, application, seconds=0.05)
    goes_on.set()

    assert lines[0]["problem"].startswith("expected to be read within 0.05 s")
    assert application.services is before


async def test_one_at_a_time_and_what_is_asked_for_meanwhile_once_more(
    application: Application,
) -> None:
    asked, goes_on = asyncio.Event(), threading.Event()
    running, most, count = 0, 0, 0

    def slow() -> Settings:
        nonlocal running, most, count
        running, count = running + 1, count + 1
        most = max(most, running)
        goes_on.wait(60)
        running -= 1
        return application.services.settings

    async with reloading(asked, slow, application), asyncio.timeout(60):
        for _ in range(5):
            asked.set()
            while not count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        goes_on.set()
        while count < 2 or running:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert (most, count, asked.is_set()) == (1, 2, False)


async def test_what_needs_a_restart_is_named_each_time_and_does_not_change(
    application: Application,
) -> None:
    with capture_logs() as lines:
        await reload(having(application, port=1, ttl=9), application)
        await reload(having(application, port=1), application)

    restarts = [line["setting"] for line in lines if line["event"] == "needs a restart"]
    changed = [line["changed"] for line in lines if line["event"] == "reloaded"]
    assert restarts == ["SAFELIGHT_PORT"] * 2
    assert changed == [["SAFELIGHT_TTL"], []]
    assert (application.services.settings.port, application.services.settings.ttl) == (8080, 9)
