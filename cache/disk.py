"""The tier on a local disk: bytes under keys, in files, with a bound to them and to every wait.

Reads and writes happen in threads of its own. A disk that hangs holds those threads and nobody
else: callers leave when their time is over, and there are never more threads than there may be.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from anyio import CapacityLimiter, move_on_after

from cache.disk_files import DiskFiles
from cache.disk_layout import Layout
from cache.disk_room import FreeRoom
from cache.errors import TierFailed

T = TypeVar("T")

logger = logging.getLogger(__name__)


class DiskCache(BaseCache):
    """Keys are `<source>/<result>` (`cache.key`), any other a ValueError.

    A value that is an eighth of the bound or more is not kept: `set` returns False. What the disk
    refuses is a `TierFailed`, what it takes too long for a TimeoutError. `clear(namespace=source)`
    deletes the files of the source, `clear()` all of them.
    """

    NAME = "disk"

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        *,
        timeout: float,
        threads: int = 8,
        patrol_seconds: float = 10.0,
        rescan_seconds: float = 300.0,
        room: FreeRoom | None = None,
    ) -> None:
        """timeout: seconds, of each call. patrol: until a lock that has come free is noticed."""
        super().__init__(serializer=NullSerializer(), timeout=timeout)  # type: ignore[no-untyped-call]
        self.max_bytes = max_bytes
        self._patience = timeout
        folder = folder.absolute()
        self._files = DiskFiles(
            Layout(folder), max_bytes, room or FreeRoom(folder), rescan_seconds=rescan_seconds
        )
        # One more than asked for: reads go on while the patrol looks through the folder.
        self._threads = threads + 1
        self._places = CapacityLimiter(self._threads)
        self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="disk-cache")
        self._patrol_seconds = patrol_seconds
        self._patrol: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def bytes(self) -> int:
        """Of the files that are known: of all, once `scanned`. In whole blocks of 4 KiB."""
        return self._files.known_bytes

    @property
    def count(self) -> int:
        return self._files.count

    @property
    def evicted(self) -> int:
        return self._files.evicted

    @property
    def scanned(self) -> bool:
        """Whether the folder was looked through; False for ever if another process does that."""
        return self._files.scanned

    async def open(self) -> None:
        """Begin to keep house. Nothing waits for that, not even reads of files from before.

        ValueError if there is something else than a folder.
        """
        with move_on_after(self._patience):
            await self._in_thread(self._files.check)
        self._patrol = asyncio.create_task(self._keep_house())

    async def _keep_house(self) -> None:
        complaint = None
        while True:
            try:
                await self._in_thread(self._files.keep_house)
                complaint = None
            except Exception as error:
                if str(error) != complaint:
                    complaint = str(error)
                    logger.warning("SAFELIGHT_CACHE_DISK_DIR: expected to keep it, got: %r", error)
            await asyncio.sleep(self._patrol_seconds)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Whoever waits may leave; the place is free again when the thread is."""
        if self._closed:
            raise TierFailed("expected an open disk cache, got one that was closed")
        loop, place = asyncio.get_running_loop(), object()

        def free(_: object) -> None:
            with suppress(RuntimeError):  # The loop may have ended before the disk answered.
                loop.call_soon_threadsafe(self._places.release_on_behalf_of, place)

        await self._places.acquire_on_behalf_of(place)
        try:
            future = self._executor.submit(work, *args)
        except BaseException:
            self._places.release_on_behalf_of(place)
            raise
        future.add_done_callback(free)
        return await asyncio.wrap_future(future)

    async def _close(self, *args: Any, _conn: Any = None, **kwargs: Any) -> None:
        if self._closed:
            return
        self._closed = True
        if self._patrol is not None:
            self._patrol.cancel()
            await asyncio.wait([self._patrol])
        self._files.close()
        # Half, because aiocache gives `close` no more than the whole.
        with move_on_after(self._patience / 2):
            for _ in range(self._threads):
                await self._places.acquire_on_behalf_of(object())
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> Any:
        # Most of what is asked for for the first time: a thread would take longer than all else.
        if self._files.lacks(key):
            return None
        return await self._in_thread(self._files.read, key)

    async def _set(
        self, key: str, value: Any, ttl: float | None, _cas_token: Any = None, _conn: Any = None
    ) -> bool:
        return await self._in_thread(self._files.write, key, value, ttl)

    async def _add(self, key: str, value: Any, ttl: float | None, _conn: Any = None) -> bool:
        if await self._exists(key):
            raise ValueError(f"{key}: expected a new key, it is there already")
        return await self._set(key, value, ttl)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return await self._get(key) is not None

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return int(await self._in_thread(self._files.remove, key))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        await self._in_thread(self._files.drop, namespace)
        return True


@asynccontextmanager
async def open_disk(
    folder: Path,
    max_bytes: int,
    *,
    timeout: float,  # noqa: ASYNC109 (of the calls to the cache, not of this one)
    threads: int = 8,
) -> AsyncIterator[DiskCache]:
    """The cache with somebody who keeps house. timeout: seconds, of each call."""
    disk = DiskCache(folder, max_bytes, timeout=timeout, threads=threads)
    try:
        await disk.open()
        yield disk
    finally:
        await disk.close()
