"""What happens to files: processes killed, junk in the folder, files cut, spoiled or gone."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cache.disk import DiskCache, open_disk
from cache.entry import pack, unpack
from cache.errors import CorruptEntry, TierFailed
from tests.cache.stores import PATIENCE, SOURCE, entry, key, until

MB = 1 << 20
ROOM = 64 * MB

# Writes without end, four at a time, and says after each how many there were.
WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from cache.disk import open_disk
from cache.entry import pack
from tests.cache.stores import entry, key

async def write(disk, numbers):
    for number in numbers:
        name, one = key(number % 300), entry(bytes([number % 256]) * 40_000)
        await disk.set(name, pack(name, one))
        print(number, flush=True)

async def main():
    numbers = itertools.count()
    async with open_disk(Path(sys.argv[1]), 8 << 20, timeout=30) as disk:
        await asyncio.gather(*(write(disk, numbers) for _ in range(4)))

asyncio.run(main())
"""


def kill_a_writer(folder: Path, writes: int) -> None:
    """SIGKILL, after so many writes and in the midst of others."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(writes):
            assert child.stdout.readline()
        child.kill()


def path_of(folder: Path, number: int) -> Path:
    return folder / "v1" / SOURCE[:2] / f"{SOURCE}.{number:064x}"


def parts(folder: Path) -> list[Path]:
    return list((folder / "v1/tmp").iterdir())


@pytest.mark.parametrize("writes", [30, 300, 1000])
async def test_a_process_killed_while_it_writes_leaves_whole_files_only(
    tmp_path: Path, writes: int
) -> None:
    kill_a_writer(tmp_path, writes)

    async with open_disk(tmp_path, 8 * MB, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)
        frames = {number: await disk.get(key(number)) for number in range(300)}

        kept = {number: frame for number, frame in frames.items() if frame is not None}
        found = [unpack(key(number), frame) for number, frame in kept.items()]
        assert len(found) == disk.count >= min(writes, 300) * 0.6
        assert all(one.body == one.body[:1] * 40_000 for one in found)
        assert parts(tmp_path) == []
        held = sum(path.stat().st_size for path in (path_of(tmp_path, each) for each in kept))
        assert held <= disk.bytes <= 8 * MB


async def test_unfinished_files_of_others_go_and_ours_in_the_making_stay(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await disk.set(key(1), b"frame")
    left, late = tmp_path / f"v1/tmp/{'ab' * 16}-0.part", tmp_path / f"v1/tmp/{'ab' * 16}-1.part"
    left.write_bytes(b"fra")
    os.utime(left, (time.time() - 5, time.time() - 5))
    late.write_bytes(b"fra")
    os.utime(late, (time.time() + 60, time.time() + 60))

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)

    assert parts(tmp_path) == [late]


async def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")

    with pytest.raises(ValueError, match="SAFELIGHT_CACHE_DISK_DIR: expected a folder, got"):
        async with open_disk(tmp_path / "cache", ROOM, timeout=PATIENCE):
            raise AssertionError


async def test_what_is_not_ours_stays_and_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard = tmp_path / "v1" / SOURCE[:2]
    names = ["v1/notes.txt", "v1/tmp/a.part", f"v1/{SOURCE[:2]}/cat.jpg", "v1/zz/cat.jpg", "b.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"not ours")
        os.utime(tmp_path / name, (1e9, 1e9))
    path_of(tmp_path, 1).mkdir()
    path_of(tmp_path, 2).symlink_to(tmp_path / "b.txt")
    os.mkfifo(path_of(tmp_path, 3))
    disk = DiskCache(tmp_path, ROOM, timeout=PATIENCE, patrol_seconds=0.01, rescan_seconds=0.01)

    await disk.open()
    await until(lambda: disk.scanned)
    await asyncio.sleep(0.1)
    found = [await disk.get(key(number)) for number in (1, 2, 3)]
    await disk.clear()
    await disk.close()

    assert found == [None] * 3
    assert all((tmp_path / name).read_bytes() == b"not ours" for name in names)
    assert len(list(shard.iterdir())) == 4
    assert disk.count == 0
    (record,) = caplog.records
    assert "not ours" in record.getMessage()


async def test_a_folder_in_the_place_of_a_file_fails_the_put_and_stays(tmp_path: Path) -> None:
    path_of(tmp_path, 1).mkdir(parents=True)

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        with pytest.raises(TierFailed, match="got: Is a directory"):
            await disk.set(key(1), b"frame")
        gc.collect()  # or something of another test may be closed meanwhile
        open_files = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            assert await disk.get(key(1)) is None
        deleted = await disk.delete(key(1))

        assert len(os.listdir("/proc/self/fd")) == open_files
    assert deleted == 0
    assert path_of(tmp_path, 1).is_dir()
    assert parts(tmp_path) == []


async def test_an_empty_file_is_a_miss_and_goes(tmp_path: Path) -> None:
    path_of(tmp_path, 1).parent.mkdir(parents=True)
    path_of(tmp_path, 1).touch()

    disk = DiskCache(tmp_path, ROOM, timeout=PATIENCE)
    found = await disk.get(key(1))
    await disk.open()
    await until(lambda: disk.scanned)
    await disk.close()

    assert found is None
    assert not path_of(tmp_path, 1).exists()


async def test_a_file_that_is_larger_than_any_we_keep_is_not_read(tmp_path: Path) -> None:
    path_of(tmp_path, 1).parent.mkdir(parents=True)
    with path_of(tmp_path, 1).open("wb") as file:
        file.truncate(1 << 40)

    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        assert await disk.get(key(1)) is None
        await until(lambda: disk.scanned)

    assert not path_of(tmp_path, 1).exists()


async def test_a_file_that_vanished_is_a_miss_and_counts_no_more(tmp_path: Path) -> None:
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await disk.set(key(1), b"frame")
        path_of(tmp_path, 1).unlink()

        assert await disk.get(key(1)) is None
        assert (disk.count, disk.bytes) == (0, 0)


async def test_a_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    async with open_disk(tmp_path / "cache", ROOM, timeout=PATIENCE) as disk:
        await until(lambda: disk.scanned)
        (tmp_path / "cache").rename(tmp_path / "away")

        assert await disk.set(key(1), b"frame")
        assert await disk.get(key(1)) == b"frame"


@pytest.mark.parametrize("cut", [False, True], ids=["flipped byte", "cut"])
async def test_what_the_disk_spoiled_is_found_out_by_who_unpacks_it(
    tmp_path: Path, cut: bool
) -> None:
    frame = pack(key(1), entry(bytes(10_000)))
    async with open_disk(tmp_path, ROOM, timeout=PATIENCE) as disk:
        await disk.set(key(1), frame)
        spoiled = frame[:5000] if cut else frame[:5000] + b"\x01" + frame[5001:]
        path_of(tmp_path, 1).write_bytes(spoiled)

        found = await disk.get(key(1))

        assert found is not None
        with pytest.raises(CorruptEntry):
            unpack(key(1), found)
