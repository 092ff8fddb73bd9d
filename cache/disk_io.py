"""Single files of the disk tier: read, written, deleted, locked. OSError if that cannot be."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress

from cache.disk_layout import Layout, end_of

# O_NONBLOCK: a FIFO in the place of a file must not hold the thread.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR}
_LASTING, _ENDING = 0o600, 0o400
# Not every file system can hold a time far away.
_LONGEST_SECONDS = 10 * 365 * 86_400.0


class Ended(Exception):
    """The file is there, but its lifetime is over."""


def read_file(path: str, *, max_bytes: int) -> bytes | None:
    """The file's bytes; None if there is no file, or an empty one, or one of more bytes."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as exc:
        if _is_absence(exc):
            return None
        raise
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or not 0 < facts.st_size <= max_bytes:
            return None
        if is_over(end_of(facts)):
            raise Ended
        # Buffered: it reads on where a network file system gives less than was asked for.
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(facts.st_size)
    finally:
        os.close(descriptor)


def write_file(layout: Layout, key: str, data: bytes, *, ttl: float | None) -> None:
    """The file is there as a whole, or as it was before. ttl: seconds."""
    part = layout.new_part()
    try:
        descriptor = _create(layout, part)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            _set_end(descriptor, ttl)
        finally:
            os.close(descriptor)
        _rename(part, layout.path(key))
    except BaseException:
        delete_all([part])
        raise


def delete_file(path: str) -> bool:
    """Whether there was one."""
    try:
        os.unlink(path)
    except OSError as exc:
        # A read-only file system refuses before it looks.
        if _is_absence(exc) or not os.path.lexists(path):
            return False
        raise
    return True


def delete_all(paths: Iterable[str]) -> None:
    """As far as it can be done: what stays is found again by the next scan."""
    for path in paths:
        with suppress(OSError):
            os.unlink(path)


def take_lock(path: str) -> int | None:
    """A descriptor that holds the lock; None if another process does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        # A file system without locks: everybody holds it, and deletes what is too much.
        return descriptor
    return descriptor


def is_over(end: float | None) -> bool:
    return end is not None and end <= time.time()


def _is_absence(exc: OSError) -> bool:
    return exc.errno in _ABSENT


def _create(layout: Layout, part: str) -> int:
    try:
        return os.open(part, _WRITE, _LASTING)
    except FileNotFoundError:
        layout.create()
        return os.open(part, _WRITE, _LASTING)


def _set_end(descriptor: int, ttl: float | None) -> None:
    if ttl is not None:
        end = time.time() + min(ttl, _LONGEST_SECONDS)
        os.utime(descriptor, (end, end))
        os.fchmod(descriptor, _ENDING)


def _rename(part: str, path: str) -> None:
    try:
        os.replace(part, path)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(path), mode=0o700)
        os.replace(part, path)
