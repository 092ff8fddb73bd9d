"""Files in memory through which pictures reach the workers without being copied over a socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

# More than this is written in a thread, so that other requests are answered meanwhile.
_QUICKLY_WRITTEN = 8 << 20
# What a file may keep while it waits for its next use.
_KEPT_BYTES = 16 << 20


class SharedFiles:
    """Keeps up to `kept` of them: pages that are there already are cheaper than new ones."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._free: list[int] = []

    @asynccontextmanager
    async def holding(self, pictures: Sequence[bytes]) -> AsyncIterator[int]:
        """The descriptor of a file with the pictures one after the other, from the start."""
        file = self._free.pop() if self._free else os.memfd_create("pictures", os.MFD_CLOEXEC)
        try:
            if sum(map(len, pictures)) > _QUICKLY_WRITTEN:
                await asyncio.to_thread(_write_and_close, os.dup(file), pictures)
            else:
                write(file, pictures)
        except BaseException:
            # A thread may still be writing to it: nobody else shall.
            os.close(file)
            raise
        try:
            yield file
        finally:
            self._take_back(file)

    def close(self) -> None:
        while self._free:
            os.close(self._free.pop())

    def _take_back(self, file: int) -> None:
        if len(self._free) >= self._kept:
            os.close(file)
            return
        if os.fstat(file).st_size > _KEPT_BYTES:
            os.ftruncate(file, 0)
        self._free.append(file)


def write(file: int, pictures: Sequence[bytes]) -> None:
    place = 0
    for picture in pictures:
        view = memoryview(picture)
        while view:
            written = os.pwrite(file, view, place)
            view, place = view[written:], place + written


def _write_and_close(file: int, pictures: Sequence[bytes]) -> None:
    try:
        write(file, pictures)
    finally:
        os.close(file)
