"""The bytes of a picture behind a descriptor, so that they reach a worker without being copied.

A local file is handed over as it was opened. Everything else is written into a file in memory and
sealed, so that nobody can change it: not a worker that a picture took over, either.
"""

from __future__ import annotations

import fcntl
import mmap
import os

# All pages at once: one by one they cost more than a copy.
_MAPPED = mmap.MAP_SHARED | mmap.MAP_POPULATE
# As much as tells the kind of a picture.
_HEAD = 4096
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class PictureFile:
    """An open file, closed when nobody holds this object any more."""

    __slots__ = ("_descriptor", "_stamp", "head", "size")

    def __init__(self, descriptor: int, facts: os.stat_result, *, sealed: bool = False) -> None:
        """Owns the descriptor from now on. Not `sealed`: others may change what it holds, and a
        disk may take its time, so that is done in a thread.

        facts: what `os.fstat` said when the version was taken.
        """
        self._descriptor = descriptor
        self.size = facts.st_size
        self.head = os.pread(descriptor, _HEAD, 0)
        self._stamp = None if sealed else _stamp(facts)

    def fileno(self) -> int:
        return self._descriptor

    @property
    def changed(self) -> bool:
        """Whether the file is another than when it was opened."""
        return self._stamp is not None and _stamp(os.fstat(self._descriptor)) != self._stamp

    def read(self) -> bytes:
        """All the bytes; fewer if the file was cut meanwhile."""
        return os.pread(self._descriptor, self.size, 0)

    def __del__(self) -> None:
        os.close(self._descriptor)


class PictureWriter:
    """A file in memory that is being filled."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("picture", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.size = 0

    def write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.size += len(chunk)

    def finish(self) -> PictureFile:
        """The sealed file; nothing can be written any more."""
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, _SEALS)
        descriptor, self._descriptor = self._descriptor, -1
        return PictureFile(descriptor, os.fstat(descriptor), sealed=True)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


def sealed_picture(data: bytes) -> PictureFile:
    """A file in memory with these bytes."""
    writer = PictureWriter()
    writer.write(data)
    return writer.finish()


def map_picture(descriptor: int) -> bytes | mmap.mmap:
    """The bytes without a copy. A file that is cut while it is read kills the reader: SIGBUS."""
    size = os.fstat(descriptor).st_size
    return mmap.mmap(descriptor, size, _MAPPED, mmap.PROT_READ) if size else b""


def _stamp(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_mtime_ns, facts.st_size
