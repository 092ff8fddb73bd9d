"""The disk tier's files and what is known of them. Called from threads: every method may block.

One process keeps house: it holds the lock, knows all files, deletes what is left of crashes, and
what is too much. Any other that shares the folder, as the next one does while the first ends, reads
all files, and holds those it wrote itself to the same bound; the first learns of them, to read them
too, when it looks through the folder again. So the folder may hold twice its bound for some minutes
while one process takes over from another. A process that ends frees the lock, however it ends.

Files are opened by their names, so one that is not in the index yet is found, and one that is gone
is a miss. Only who keeps house, and has looked through the folder, need not try. Nothing is ever
synced: what a crash of the machine spoils, the frame's digest tells.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Iterable

from cache.disk_io import (
    Ended,
    delete_all,
    delete_file,
    is_over,
    read_file,
    take_lock,
    write_file,
)
from cache.disk_layout import FoundFile, Layout
from cache.disk_room import FreeRoom
from cache.errors import TierFailed
from cache.eviction import S3Fifo

_BLOCK = 4096
# What was begun so long ago was given up, even if its writer is still there.
_GIVEN_UP_SECONDS = 3600.0

logger = logging.getLogger(__name__)


class DiskFiles:
    """Sizes count in whole blocks, as the file system does."""

    def __init__(
        self, layout: Layout, max_bytes: int, room: FreeRoom, *, rescan_seconds: float = 300.0
    ) -> None:
        self._layout = layout
        self._room = room
        self._order = S3Fifo(max_bytes)
        self._guard = threading.Lock()
        self._rescan_seconds = rescan_seconds
        self._started = time.time()
        self._scanned: float | None = None
        self._lock: int | None = None
        self._told_of_foreign = False
        self._closed = False

    @property
    def known_bytes(self) -> int:
        return self._order.bytes

    @property
    def count(self) -> int:
        return len(self._order)

    @property
    def evicted(self) -> int:
        return self._order.evicted

    @property
    def scanned(self) -> bool:
        """Whether all files are known."""
        return self._scanned is not None

    def check(self) -> None:
        """ValueError if the folder is none and can be none."""
        folder = self._layout.folder
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"SAFELIGHT_CACHE_DISK_DIR: expected a folder, got {str(folder)!r}")

    def lacks(self, key: str) -> bool:
        """Whether there is no such file, as far as who keeps house knows; without blocking.

        False as well where nobody can know. A file that is being written may be missed.
        """
        self._layout.path(key)
        return self._lock is not None and self.scanned and key not in self._order

    def read(self, key: str) -> bytes | None:
        """The file's bytes; None if there are none, or more than we keep, or their time is over."""
        path = self._layout.path(key)
        try:
            data = read_file(path, max_bytes=self._order.largest_bytes)
        except Ended:
            data = None
            self._delete([key])
        except OSError as exc:
            raise self._failure("read", exc) from exc
        with self._guard:
            if data is None:
                self._order.remove(key)
            else:
                self._order.touch(key)
        return data

    def write(self, key: str, data: bytes, ttl: float | None) -> bool:
        """False if there are too many bytes for this cache; then nothing is left under the key."""
        size = _blocks(len(data))
        if not self._order.admits(size):
            self.remove(key)
            return False
        try:
            self._make_room(size)
            write_file(self._layout, key, data, ttl=ttl)
        except OSError as exc:
            raise self._failure("write", exc) from exc
        with self._guard:
            before = self._order.bytes
            evicted = self._order.add(key, size)
            self._room.changed(self._order.bytes - before)
        self._delete(evicted)
        return True

    def remove(self, key: str) -> bool:
        """Whether it was there."""
        path = self._layout.path(key)
        with self._guard:
            self._order.remove(key)
        try:
            return delete_file(path)
        except OSError as exc:
            raise self._failure("delete", exc) from exc

    def drop(self, source: str | None) -> None:
        """Delete all files of the source, whoever wrote them; all there are, if None."""
        try:
            for file in self._layout.files(source):
                self.remove(file.key)
        except OSError as exc:
            raise self._failure("delete", exc) from exc

    def keep_house(self) -> None:
        """Take the lock if it is free; look through the folder if it is ours and time to."""
        self._layout.create()
        with self._guard:
            # Not after `close`, which would leave it taken.
            if self._lock is None and not self._closed:
                self._lock = take_lock(self._layout.lock)
            if self._lock is None:
                return
        now = time.monotonic()
        if self._scanned is None or now - self._scanned >= self._rescan_seconds:
            self._scan()
            self._scanned = now

    def close(self) -> None:
        """Let another process keep house; a scan that is under way ends."""
        with self._guard:
            self._closed = True
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _scan(self) -> None:
        before = max(self._started, time.time() - _GIVEN_UP_SECONDS)
        delete_all(self._layout.strays(before=before))
        with self._guard:
            gone = set(self._order.keys())
        kept: list[FoundFile] = []
        for file in self._layout.files():
            if self._closed:
                return
            if self._order.admits(_blocks(file.size)) and not is_over(file.ends):
                kept.append(file)
                gone.discard(file.key)
            else:
                delete_all([file.path])
        with self._guard:
            for key in gone:
                self._order.remove(key)
        # The oldest first, so that they are the first to go.
        for file in sorted(kept, key=lambda file: file.modified):
            self._adopt(file)
        self._tell_of_foreign()

    def _adopt(self, file: FoundFile) -> None:
        with self._guard:
            known = file.key in self._order
            evicted = [] if known else self._order.add(file.key, _blocks(file.size))
        self._delete(evicted)

    def _make_room(self, size: int) -> None:
        try:
            lacking = self._room.lacking(size)
        except FileNotFoundError:
            self._layout.create()
            lacking = self._room.lacking(size)
        if not lacking:
            return
        with self._guard:
            before = self._order.bytes
            # If all of it is not enough, it may as well stay.
            evicted = self._order.shrink(lacking) if before >= lacking else []
            freed = before - self._order.bytes
        self._delete(evicted)
        self._room.changed(-freed)
        if freed < lacking:
            raise OSError(errno.ENOSPC, f"the file system is short of {lacking} bytes of room")

    def _delete(self, keys: Iterable[str]) -> None:
        delete_all(self._layout.path(key) for key in keys)

    def _tell_of_foreign(self) -> None:
        path = None if self._told_of_foreign else next(self._layout.foreign(), None)
        if path is not None:
            self._told_of_foreign = True
            logger.warning("SAFELIGHT_CACHE_DISK_DIR: left what is not ours: %s and the like", path)

    def _failure(self, verb: str, exc: OSError) -> TierFailed:
        return TierFailed(
            f"expected to {verb} a file below SAFELIGHT_CACHE_DISK_DIR={self._layout.folder}"
            f" (SAFELIGHT_CACHE_DISK_MB is for all of them), got: {exc.strerror or exc}"
        )


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
