"""A file in memory through which pictures reach a worker without being copied over a socket.

Sealed, so that nobody can change it: not a worker that a picture took over, either.
"""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

# More than this is written in a thread, so that other requests are answered meanwhile.
_QUICKLY_WRITTEN = 8 << 20
# All pages at once: one by one they cost more than a copy.
_MAPPED = mmap.MAP_SHARED | mmap.MAP_POPULATE
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


@asynccontextmanager
async def sealed_file(pictures: Sequence[bytes]) -> AsyncIterator[int]:
    """The descriptor of a file that holds the pictures one after the other."""
    if sum(map(len, pictures)) > _QUICKLY_WRITTEN:
        file = await asyncio.to_thread(write_sealed, pictures)
    else:
        file = write_sealed(pictures)
    try:
        yield file
    finally:
        os.close(file)


def write_sealed(pictures: Sequence[bytes]) -> int:
    """The same for the caller to close."""
    file = os.memfd_create("pictures", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for picture in pictures:
            view = memoryview(picture)
            while view:
                view = view[os.write(file, view) :]
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(file)
        raise
    return file


def read_sealed(file: int, sizes: Sequence[int]) -> list[bytes | mmap.mmap]:
    """The pictures; the first is not copied. EOFError if the file is shorter than the sizes say."""
    if (held := os.fstat(file).st_size) < sum(sizes):
        raise EOFError(f"expected {sum(sizes)} bytes of pictures, got {held}")
    first, *rest = sizes
    found: list[bytes | mmap.mmap] = [
        mmap.mmap(file, first, _MAPPED, mmap.PROT_READ) if first else b""
    ]
    place = first
    for size in rest:
        found.append(os.pread(file, size, place))
        place += size
    return found
