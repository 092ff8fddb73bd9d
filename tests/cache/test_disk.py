"""Files on a disk: whole, in bounds, found again after a restart, shared by processes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cache.disk import DiskCache, open_disk
from cache.disk_room import FreeRoom
from cache.errors import TierFailed
from tests.cache.stores import OTHER_SOURCE, PATIENCE, SOURCE, key, until

MB = 1 << 20
ROOM = 64 * MB


@pytest_asyncio.fixture
async def disk(tmp_path: Path) -> AsyncIterator[DiskCache]:
    async with open_disk(tmp_path / "cache", ROOM, timeout=PATIENCE) as cache:
        yield cache


def files(folder: Path) -> list[Path]:
    """All results' files below the folder of a cache."""
    return sorted(path for path in folder.glob("v1/??/*") if path.is_file())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_file_holds_what_was_put_and_nobody_else_may_read_it(
    disk: DiskCache, tmp_path: Path
) -> None:
    await disk.set(key(10), b"frame")

    path = tmp_path / "cache" / "v1" / SOURCE[:2] / f"{SOURCE}.{10:064x}"
    assert path.read_bytes() == b"frame"
    assert mode(path) == 0o600
    assert {mode(folder) for folder in (path.parent, *list(path.parents)[1:3])} == {0o700}
    assert list((tmp_path / "cache/v1/tmp").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "../../../../etc/passwd",
        key(1).upper(),
        f"{key(1)}\n",
        f"{key(1)}0",
        key(1).replace("/", "."),
        f"/{key(1)}",
    ],
)
async def test_other_keys_than_those_of_results_are_refused(disk: DiskCache, name: str) -> None:
    with pytest.raises(ValueError, match="expected a key of 32 and 64 hexadecimal digits"):
        await disk.set(name, b"frame")
    with pytest.raises(ValueError, match="expected a key of 32 and 64 hexadecimal digits"):
        await disk.get(name)


async def test_add_takes_only_new_keys(disk: DiskCache) -> None:
    await disk.add(key(1), b"one")

    with pytest.raises(ValueError, match="expected a new key"):
        await disk.add(key(1), b"other")
    assert await disk.get(key(1)) == b"one"


async def test_a_restart_finds_everything(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as first:
        for number in range(100):
            await first.set(key(number), b"frame %d" % number)
        held = first.bytes

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as second:
        found = [await second.get(key(number)) for number in range(100)]
        await until(lambda: second.scanned)

        assert found == [b"frame %d" % number for number in range(100)]
        assert (second.count, second.bytes) == (100, held)


async def test_there_are_never_more_bytes_than_there_may_be(tmp_path: Path) -> None:
    async with open_disk(tmp_path, MB, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)
        for number in range(300):
            assert await disk.set(key(number), bytes(10_000))
            await disk.get(key(0))

            assert disk.bytes <= MB

        assert sum(path.stat().st_size for path in files(tmp_path)) <= MB
        assert len(files(tmp_path)) == disk.count
        assert await disk.get(key(0)) is not None


async def test_with_less_room_than_before_the_oldest_go(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        for number in range(100):
            await disk.set(key(number), bytes(20_000))
    by_age = sorted(range(100), key=lambda number: (number % 10, number))
    for age, number in enumerate(by_age):
        path = tmp_path / f"v1/{SOURCE[:2]}/{SOURCE}.{number:064x}"
        os.utime(path, (1e9 + age, 1e9 + age))

    async with open_disk(tmp_path, MB, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)

        assert disk.bytes <= MB
        left = {int(path.name[33:], 16) for path in files(tmp_path)}
        assert len(left) == disk.count >= 40
        assert left == set(by_age[-len(left) :])


async def test_what_is_too_large_is_not_kept_and_nothing_else_goes_for_it(tmp_path: Path) -> None:
    async with open_disk(tmp_path, MB, timeout=PATIENCE) as disk:
        await disk.set(key(1), b"one")
        await disk.set(key(2), b"two")

        kept = [await disk.set(key(number), bytes(200_000)) for number in (2, 3)]

        assert kept == [False, False]
        assert [await disk.get(key(number)) for number in (1, 2, 3)] == [b"one", None, None]


async def test_a_lifetime_outlives_a_restart(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await disk.set(key(1), b"passing", ttl=3600.0)
        await disk.set(key(2), b"passing", ttl=float("inf"))
        await disk.set(key(3), b"lasting", ttl=3600.0)
        await disk.set(key(3), b"lasting")
    passing, *_ = paths = files(tmp_path)

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        before = [await disk.get(key(number)) for number in (1, 2, 3)]
        await until(lambda: disk.scanned)
        assert [mode(path) for path in paths] == [0o400, 0o400, 0o600]
        for path in paths:
            os.utime(path, (1e9, 1e9))
        after = [await disk.get(key(number)) for number in (1, 2, 3)]

        assert before == [b"passing", b"passing", b"lasting"]
        assert after == [None, None, b"lasting"]
        assert not passing.exists()
        assert disk.count == 1


async def test_what_ended_while_nobody_was_there_is_deleted(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await disk.set(key(1), b"passing", ttl=3600.0)
    (path,) = files(tmp_path)
    os.utime(path, (1e9, 1e9))

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)

    assert not path.exists()


async def test_a_source_is_dropped_whoever_wrote_it(disk: DiskCache, tmp_path: Path) -> None:
    await until(lambda: disk.scanned)
    async with open_disk(tmp_path / "cache", ROOM, timeout=PATIENCE) as other:
        for number in range(10):
            await other.set(key(number), b"frame")
    await disk.set(key(10), b"frame")
    await disk.set(key(10, OTHER_SOURCE), b"frame")

    await disk.clear(namespace=SOURCE)
    await disk.clear(namespace="../..")

    assert [path.name[:32] for path in files(tmp_path / "cache")] == [OTHER_SOURCE]
    assert disk.count == 1


async def test_clearing_without_a_source_deletes_everything(
    disk: DiskCache, tmp_path: Path
) -> None:
    await disk.set(key(1), b"frame")
    await disk.set(key(1, OTHER_SOURCE), b"frame")

    await disk.clear()

    assert files(tmp_path / "cache") == []
    assert (disk.count, disk.bytes) == (0, 0)


async def test_one_process_keeps_house_and_another_takes_over_when_it_ends(tmp_path: Path) -> None:
    first = DiskCache(tmp_path, ROOM, timeout=PATIENCE)
    second = DiskCache(tmp_path, ROOM, timeout=PATIENCE, patrol_seconds=0.02)
    await first.open()
    await first.set(key(1), b"first")
    await until(lambda: first.scanned)

    await second.open()
    await second.set(key(2), b"second")
    meanwhile = [await second.get(key(number)) for number in (1, 2)]
    known, scanned = second.count, second.scanned
    await first.close()
    await until(lambda: second.scanned)

    assert meanwhile == [b"first", b"second"]
    assert (known, scanned) == (1, False)
    assert second.count == 2
    await second.close()


async def test_files_of_another_process_count_when_the_folder_is_looked_through(
    tmp_path: Path,
) -> None:
    house = DiskCache(tmp_path, MB, timeout=PATIENCE, patrol_seconds=0.02, rescan_seconds=0.02)
    guest = DiskCache(tmp_path, MB, timeout=PATIENCE)
    await house.open()
    await until(lambda: house.scanned)

    for number in range(100):
        await guest.set(key(number), bytes(8192))
        await house.set(key(number, OTHER_SOURCE), bytes(8192))

    await until(lambda: sum(path.stat().st_size for path in files(tmp_path)) <= MB)
    await guest.set(key(0), b"of the guest")
    async with asyncio.timeout(PATIENCE):
        while await house.get(key(0)) != b"of the guest":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await guest.clear(namespace=SOURCE)
    await until(lambda: house.count == len(files(tmp_path)))
    await house.close()
    await guest.close()


class StuckRoom(FreeRoom):
    """A disk that does not answer until it is let."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.free = threading.Event()

    def lacking(self, size: int) -> int:
        self.free.wait(PATIENCE)
        return super().lacking(size)


async def test_a_disk_that_hangs_holds_its_threads_and_nobody_else(tmp_path: Path) -> None:
    room = StuckRoom(tmp_path)
    disk = DiskCache(tmp_path, ROOM, timeout=0.2, threads=2, room=room)
    puts = [disk.set(key(number), b"frame") for number in range(20)]
    others = threading.active_count()

    ends = await asyncio.gather(*puts, return_exceptions=True)
    with pytest.raises(TimeoutError):
        await disk.get(key(1))
    started = threading.active_count() - others
    room.free.set()
    await until(lambda: len(files(tmp_path)) == 3)

    assert {type(end) for end in ends} == {TimeoutError}
    assert started <= 3
    assert await disk.get(key(99), timeout=PATIENCE) is None
    assert await disk.set(key(99), b"frame", timeout=PATIENCE)
    await disk.close()


async def test_who_keeps_house_knows_what_is_not_there_without_a_thread(tmp_path: Path) -> None:
    room = StuckRoom(tmp_path)
    disk = DiskCache(tmp_path, MB, timeout=PATIENCE, threads=1, room=room)
    await disk.open()
    await until(lambda: disk.scanned)
    stuck = [asyncio.create_task(disk.set(key(number), b"there")) for number in range(3)]
    await asyncio.sleep(0.05)

    async with asyncio.timeout(PATIENCE / 2):
        found = await disk.get(key(9))
    room.free.set()
    await asyncio.gather(*stuck)

    assert found is None
    assert await disk.get(key(0)) == b"there"
    await disk.close()


async def test_closing_a_disk_that_hangs_does_not_hang(tmp_path: Path) -> None:
    room = StuckRoom(tmp_path)
    disk = DiskCache(tmp_path, ROOM, timeout=0.2, room=room)
    with pytest.raises(TimeoutError):
        await disk.set(key(1), b"frame")

    async with asyncio.timeout(PATIENCE):
        await disk.close()

    with pytest.raises(TierFailed, match="one that was closed"):
        await disk.get(key(1))
    room.free.set()
