"""Sources are fetched once for all who want them within a moment, and never given out of date."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cache.purges import Purge, Purges
from origin.kept_sources import KeptSources, keep_sources
from origin.picture_file import sealed_picture
from origin.sources.errors import SourceChanged, SourceNotFound, SourceTooLarge
from origin.sources.local import LocalFolder
from origin.sources.source import Blob, Source, Version
from tests.origin.live import until

MOST = 1_000_000


class Folder:
    """A folder of pictures whose readers can be held up, and are counted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fetched: list[str] = []
        self.cancelled = 0
        self.open = asyncio.Event()
        self.open.set()
        self._folder = LocalFolder(root)

    def put(self, name: str, data: bytes) -> None:
        """By renaming, as it should be done."""
        part = self.root / "part"
        part.write_bytes(data)
        part.replace(self.root / name)

    async def stat(self, key: str) -> Version:
        return await self._folder.stat(key)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        self.fetched.append(key)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await self._folder.fetch(key, max_bytes=max_bytes, version=version)


class Web:
    """A source whose pictures are in memory, and so can never change once they are fetched."""

    def __init__(self, pictures: dict[str, bytes]) -> None:
        self.fetched: list[str] = []
        self._pictures = pictures

    async def stat(self, key: str) -> Version:
        return Version(f"v {key}", len(self._pictures[key]), None)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        self.fetched.append(key)
        return Blob(version or await self.stat(key), sealed_picture(self._pictures[key]))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@asynccontextmanager
async def keeping(
    sources: Source,
    *,
    purges: Purges | None = None,
    max_bytes: int = MOST,
    seconds: float = 60,
) -> AsyncIterator[KeptSources]:
    async with (
        keep_sources(
            sources, purges or Purges(), max_bytes=max_bytes, seconds=seconds, timeout=30
        ) as kept,
        asyncio.timeout(30),
    ):
        yield kept


async def read(kept: KeptSources, key: str, *, max_bytes: int = MOST) -> bytes:
    """The present version's bytes."""
    return (await kept.fetch(key, max_bytes=max_bytes, version=await kept.stat(key))).data


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


async def test_a_hundred_at_the_same_time_are_one_fetch(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder) as kept:
        version = await kept.stat("a.jpg")
        folder.open.clear()
        wanted = [
            asyncio.create_task(kept.fetch("a.jpg", max_bytes=MOST, version=version))
            for _ in range(100)
        ]
        await until(lambda: folder.fetched == ["a.jpg"])
        folder.open.set()
        blobs = await asyncio.gather(*wanted)

        assert {blob.data for blob in blobs} == {b"picture"}
        assert folder.fetched == ["a.jpg"]
        assert (kept.fetched, kept.shared) == (1, 99)


async def test_who_comes_soon_after_needs_no_fetch(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder) as kept:
        got = [await read(kept, "a.jpg") for _ in range(5)]

        assert got == [b"picture"] * 5
        assert (folder.fetched, kept.fetched, kept.shared) == (["a.jpg"], 1, 4)


async def test_who_leaves_takes_nothing_from_the_others(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder) as kept:
        folder.open.clear()
        first, other = (asyncio.create_task(read(kept, "a.jpg")) for _ in range(2))
        await until(lambda: folder.fetched == ["a.jpg"])
        await asyncio.sleep(0.05)

        first.cancel()
        await asyncio.wait([first], timeout=10)
        folder.open.set()

        assert await other == b"picture"
        assert (folder.fetched, folder.cancelled) == (["a.jpg"], 0)


async def test_a_fetch_that_nobody_waits_for_is_ended(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder) as kept:
        folder.open.clear()
        only = asyncio.create_task(read(kept, "a.jpg"))
        await until(lambda: folder.fetched == ["a.jpg"])

        only.cancel()
        await asyncio.wait([only], timeout=10)

        await until(lambda: folder.cancelled == 1)


async def test_what_was_kept_is_given_back_in_time_though_nobody_asks(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder, seconds=0.1) as kept:
        before = descriptors()
        await read(kept, "a.jpg")

        await until(lambda: descriptors() == before)
        await read(kept, "a.jpg")

        assert folder.fetched == ["a.jpg"] * 2


async def test_no_more_is_kept_than_there_is_room_for() -> None:
    web = Web({f"{number}.jpg": bytes(1000) for number in range(10)})
    async with keeping(web, max_bytes=3000) as kept:
        before = descriptors()
        for number in range(10):
            await read(kept, f"{number}.jpg")
        held = descriptors() - before
        for number in (7, 8, 9, 0):
            await read(kept, f"{number}.jpg")

        assert held == 3
        assert web.fetched[10:] == ["0.jpg"]


@pytest.mark.parametrize("size", [0, 1, 5000])
@pytest.mark.parametrize("room", [0, 1000])
async def test_what_does_not_fit_is_given_and_not_kept(size: int, room: int) -> None:
    web = Web({"a.jpg": bytes(size)})
    async with keeping(web, max_bytes=room) as kept:
        got = [await read(kept, "a.jpg") for _ in range(2)]

        assert got == [bytes(size)] * 2
        assert len(web.fetched) == (1 if size < room else 2)


async def test_another_version_is_another_source(folder: Folder) -> None:
    folder.put("a.jpg", b"one")
    async with keeping(folder) as kept:
        first = await read(kept, "a.jpg")
        folder.put("a.jpg", b"another")

        assert (first, await read(kept, "a.jpg")) == (b"one", b"another")


async def test_after_a_purge_sources_are_fetched_anew() -> None:
    web, purges = Web({"a.jpg": b"picture"}), Purges()
    async with keeping(web, purges=purges) as kept:
        await read(kept, "a.jpg")

        purges.apply(Purge("tag", "summer", purges.next_at(time.time())))
        await read(kept, "a.jpg")
        await read(kept, "a.jpg")

        assert web.fetched == ["a.jpg"] * 2


async def test_a_file_that_was_replaced_is_still_at_hand_as_what_it_was(folder: Folder) -> None:
    folder.put("a.jpg", b"one")
    async with keeping(folder) as kept:
        version = await kept.stat("a.jpg")
        await read(kept, "a.jpg")
        folder.put("a.jpg", b"another")

        again = await kept.fetch("a.jpg", max_bytes=MOST, version=version)

        assert again.data == b"one"


async def test_a_file_that_was_written_over_is_not_used_again(folder: Folder) -> None:
    folder.put("a.jpg", b"one")
    async with keeping(folder) as kept:
        version = await kept.stat("a.jpg")
        await read(kept, "a.jpg")
        (folder.root / "a.jpg").write_bytes(b"another")

        with pytest.raises(SourceChanged):
            await kept.fetch("a.jpg", max_bytes=MOST, version=version)
        assert await read(kept, "a.jpg") == b"another"


async def test_a_strict_limit_fails_nobody_else(folder: Folder) -> None:
    folder.put("a.jpg", bytes(1000))
    async with keeping(folder) as kept:
        folder.open.clear()
        strict, lax = (
            asyncio.create_task(read(kept, "a.jpg", max_bytes=most)) for most in (500, 5000)
        )
        await until(lambda: len(folder.fetched) == 2)
        folder.open.set()

        with pytest.raises(SourceTooLarge):
            await strict
        assert await lax == bytes(1000)


async def test_a_strict_limit_holds_for_what_is_kept(folder: Folder) -> None:
    folder.put("a.jpg", bytes(1000))
    async with keeping(folder) as kept:
        await read(kept, "a.jpg", max_bytes=5000)

        with pytest.raises(SourceTooLarge):
            await read(kept, "a.jpg", max_bytes=500)
        assert await read(kept, "a.jpg", max_bytes=5000) == bytes(1000)
        assert folder.fetched == ["a.jpg"]


async def test_a_failure_is_shared_but_not_remembered(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    async with keeping(folder) as kept:
        version = await kept.stat("a.jpg")
        (folder.root / "a.jpg").unlink()
        folder.open.clear()
        wanted = [
            asyncio.create_task(kept.fetch("a.jpg", max_bytes=MOST, version=version))
            for _ in range(10)
        ]
        await until(lambda: len(folder.fetched) == 1)
        folder.open.set()
        outcomes = await asyncio.gather(*wanted, return_exceptions=True)
        folder.put("a.jpg", b"picture")

        assert [type(outcome) for outcome in outcomes] == [SourceNotFound] * 10
        assert await read(kept, "a.jpg") == b"picture"
        assert folder.fetched == ["a.jpg"] * 2


async def test_closing_ends_fetches_and_gives_everything_back(folder: Folder) -> None:
    folder.put("a.jpg", b"picture")
    folder.put("b.jpg", b"picture")
    before = descriptors()
    async with keeping(folder) as kept:
        await read(kept, "a.jpg")
        folder.open.clear()
        waiting = asyncio.create_task(read(kept, "b.jpg"))
        await until(lambda: folder.fetched == ["a.jpg", "b.jpg"])
    outcome = await asyncio.gather(waiting, return_exceptions=True)

    assert isinstance(outcome[0], Exception)
    assert folder.cancelled == 1
    assert descriptors() == before
