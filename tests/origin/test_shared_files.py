"""Files in memory are used again, but never while somebody may still write to them."""

from __future__ import annotations

import asyncio
import os

import pytest

from origin.shared_files import SharedFiles
from origin.wire import read_pictures

LARGE = bytes(17 << 20)


async def test_a_file_holds_the_pictures_of_its_job_alone() -> None:
    files = SharedFiles(1)

    async with files.holding([b"first", b"second"]) as one, files.holding([b"other"]) as another:
        assert read_pictures(one, [5, 6]) == [b"first", b"second"]
        assert read_pictures(another, [5]) == [b"other"]
    files.close()


async def test_a_file_is_used_again() -> None:
    files = SharedFiles(1)
    async with files.holding([b"longer than the next"]) as first:
        pass

    async with files.holding([b"next"]) as second:
        assert second == first
        assert read_pictures(second, [4]) == [b"next"]
    files.close()


async def test_a_large_picture_is_not_kept_for_ever() -> None:
    files = SharedFiles(1)
    async with files.holding([LARGE]) as file:
        assert os.fstat(file).st_size == len(LARGE)

    assert os.fstat(file).st_size == 0
    files.close()


async def test_a_file_is_left_alone_when_its_writer_was_given_up() -> None:
    files = SharedFiles(1)
    writing = asyncio.create_task(files.holding([LARGE]).__aenter__())
    await asyncio.sleep(0)
    writing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await writing
    async with files.holding([b"next"]) as file:
        await asyncio.sleep(0.1)
        assert read_pictures(file, [4]) == [b"next"]
    files.close()


async def test_closing_leaves_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    files = SharedFiles(2)
    async with files.holding([b"a"]), files.holding([b"b"]), files.holding([b"c"]):
        pass

    files.close()

    assert len(os.listdir("/proc/self/fd")) == before
