"""File systems that are full or read-only: real ones, which only root may mount."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cache.disk import DiskCache, open_disk
from cache.disk_room import FreeRoom
from cache.entry import pack
from cache.errors import TierFailed
from tests.cache.stores import PATIENCE, SOURCE, entry, key, until

MB = 1 << 20
ROOM = 64 * MB


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Path]:
    """A small file system of its own."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.decode(errors='replace').strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def parts(folder: Path) -> list[Path]:
    return list((folder / "v1/tmp").iterdir())


async def test_a_file_system_that_others_fill_is_said_so_and_still_read(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", 1) as folder:
        # The room is only asked for once: the disk is full before we know.
        disk = DiskCache(folder, ROOM, timeout=PATIENCE, room=FreeRoom(folder, clock=lambda: 0.0))
        await disk.set(key(1), pack(key(1), entry()))
        with pytest.raises(OSError, match="No space left"):
            (folder / "others").write_bytes(bytes(2 * MB))

        with pytest.raises(TierFailed, match=r"DISK_DIR=.*DISK_MB.*got: No space left on device"):
            await disk.set(key(2), pack(key(2), entry(bytes(100_000))))
        left = parts(folder)
        found = [await disk.get(key(number)) for number in (1, 2)]
        (folder / "others").unlink()
        kept = await disk.set(key(2), pack(key(2), entry(bytes(100_000))))
        await disk.close()

        assert left == []
        assert found == [pack(key(1), entry()), None]
        assert kept


async def test_some_room_is_left_to_others_and_our_own_files_go_first(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", 4) as folder:
        room = FreeRoom(folder, spare_bytes=MB)
        async with DiskCache(folder, ROOM, timeout=PATIENCE, room=room) as disk:
            kept = [await disk.set(key(number), bytes(65_000)) for number in range(100)]

            facts = os.statvfs(folder)
            assert all(kept)
            assert MB <= facts.f_bavail * facts.f_frsize <= 1.3 * MB
            assert await disk.get(key(99)) is not None


async def test_if_others_fill_it_to_the_spare_nothing_is_written_and_nothing_goes(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path / "small", 4) as folder:
        (folder / "others").write_bytes(bytes(3 * MB - 40_000))
        async with DiskCache(folder, ROOM, timeout=PATIENCE) as disk:
            await disk.set(key(1), b"frame")

            with pytest.raises(TierFailed, match=r"got: the file system is short of \d+ bytes"):
                await disk.set(key(2), bytes(200_000))

            assert await disk.get(key(1)) == b"frame"
            assert parts(folder) == []


async def test_a_read_only_file_system_is_read(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", 4) as folder:
        async with open_disk(folder, ROOM, timeout=PATIENCE) as disk:
            await disk.set(key(1), b"frame")
        remount(folder, "ro")

        async with open_disk(folder, ROOM, timeout=PATIENCE) as disk:
            found = [await disk.get(key(number)) for number in (1, 2)]
            for call in (disk.set(key(2), b"frame"), disk.delete(key(1)), disk.clear(SOURCE)):
                with pytest.raises(TierFailed, match=r"DISK_DIR=.*got: Read-only file system"):
                    await call
            deleted = await disk.delete(key(2))

            assert found == [b"frame", None]
            assert deleted == 0


async def test_a_folder_that_cannot_be_made_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path / "small", 4) as small:
        remount(small, "ro")
        disk = DiskCache(small / "cache", ROOM, timeout=PATIENCE, patrol_seconds=0.01)
        await disk.open()
        await until(lambda: caplog.records)
        await asyncio.sleep(0.1)
        warnings = [record.levelno for record in caplog.records]

        missed = await disk.get(key(1))
        remount(small, "rw")
        await until(lambda: disk.scanned)
        kept = await disk.set(key(1), b"frame")
        await disk.close()

        assert warnings == [logging.WARNING]
        assert missed is None
        assert kept
