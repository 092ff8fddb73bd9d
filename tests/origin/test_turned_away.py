"""Under load: who is turned away costs no I/O, and who wants no work is not turned away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cache.key import source_name
from origin.costs import Cost
from origin.services import open_services
from origin.settings import read_settings
from origin.sources.local import LocalFolder
from origin.sources.source import Blob, Version
from tests.origin.live import PAIR, Origin, photo

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Watched(LocalFolder):
    """The folder, and what was asked of it."""

    asked: list[str]

    async def stat(self, key: str) -> Version:
        self.asked.append("stat")
        return await super().stat(key)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        self.asked.append("fetch")
        return await super().fetch(key, max_bytes=max_bytes, version=version)


@contextlib.contextmanager
def crowded(origin: Origin) -> Iterator[None]:
    """As if more work were waiting than can be done in time."""
    admission = origin.services.variants.renderer.admission
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            cost = Cost(400.0, ("test", 0), 400.0)
            stack.enter_context(admission.admitted(cost, source_bytes=0, seconds=1e6))
        yield


@pytest.fixture
def site(opened: Origin) -> tuple[Origin, Watched]:
    folder = Watched(opened.root)
    folder.asked = []
    return opened.reading(folder), folder


def turned_away(answer: httpx.Response) -> bool:
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["retry-after"]) >= 30
    return (answer.status_code, answer.headers["x-safelight-error"]) == (503, "overloaded")


async def test_a_source_that_nobody_knows_is_not_looked_at(site: tuple[Origin, Watched]) -> None:
    origin, folder = site

    with crowded(origin):
        answer = await origin.get(f"/w:20/plain/{origin.put(photo())}@png")

    assert turned_away(answer)
    assert folder.asked == []


async def test_a_known_source_is_not_fetched(site: tuple[Origin, Watched]) -> None:
    origin, folder = site
    source = origin.put(photo())
    await origin.get(f"/w:20/plain/{source}@png")
    folder.asked.clear()

    with crowded(origin):
        answer = await origin.get(f"/w:21/plain/{source}@png")

    assert turned_away(answer)
    assert folder.asked == []


async def test_what_is_kept_or_unchanged_is_answered(site: tuple[Origin, Watched]) -> None:
    origin, folder = site
    path = f"/w:20/plain/{origin.put(photo())}@png"
    first = await origin.get(path)
    folder.asked.clear()

    with crowded(origin):
        again = await origin.get(path)
        unchanged = await origin.get(path, {"if-none-match": first.headers["etag"]})
        other_spelling = await origin.get(path.replace("/w:20/", "/width:20/"))

    assert (again.status_code, unchanged.status_code, other_spelling.status_code) == (200, 304, 200)
    assert folder.asked == []


async def test_what_was_lost_but_is_unchanged_for_its_client_needs_no_work(
    site: tuple[Origin, Watched],
) -> None:
    origin, _ = site
    source = origin.put(photo())
    path = f"/w:20/plain/{source}@png"
    first = await origin.get(path)
    await origin.services.variants.tiers.drop_source(source_name(source))

    with crowded(origin):
        unchanged = await origin.get(path, {"if-none-match": first.headers["etag"]})

    assert unchanged.status_code == 304


async def test_what_is_kept_on_disk_is_answered(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = read_settings(
        keys=PAIR.key.hex(),
        salts=PAIR.salt.hex(),
        local_root=tmp_path,
        workers=1,
        timeout=60,
        cache_memory_mb=0,
        cache_disk_dir=tmp_path / "cache",
    )
    async with open_services(settings) as services:
        origin = Origin(services, tmp_path)
        path = f"/w:20/plain/{origin.put(photo())}@png"
        await origin.get(path)
        with crowded(origin):
            async with asyncio.timeout(30):
                while (kept := await origin.get(path)).status_code != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # it is written behind the first answer
            new = await origin.get(path.replace("w:20", "w:21"))

    assert kept.headers["cache-status"].startswith("safelight-disk; hit")
    assert turned_away(new)
