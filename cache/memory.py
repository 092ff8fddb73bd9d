"""The tier in memory: entries as they are, bounded by bytes.

The server asks `peek`, which is two look-ups and no coroutine; aiocache's interface is for the
rest. All of it belongs to the thread of the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer

from cache.entry import Entry
from cache.eviction import S3Fifo

OVERHEAD = 1024
"""Bytes of an entry besides its picture: the objects, the key, its places in the indices."""


class MemoryCache(BaseCache):
    """`clear(namespace=source)` forgets all keys of the source, `clear()` all there are."""

    NAME = "memory"

    def __init__(self, max_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None)  # type: ignore[no-untyped-call]
        self._clock = clock
        self._order = S3Fifo(max_bytes)
        self._kept: dict[str, tuple[Entry, float]] = {}
        self._of_source: dict[str, set[str]] = {}

    @property
    def bytes(self) -> int:
        return self._order.bytes

    @property
    def max_bytes(self) -> int:
        return self._order.max_bytes

    @property
    def count(self) -> int:
        return len(self._kept)

    @property
    def evicted(self) -> int:
        return self._order.evicted

    def peek(self, key: str) -> Entry | None:
        """What is kept under the key, at once."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        entry, expires = kept
        if expires != inf and expires <= self._clock():
            self.forget(key)
            return None
        self._order.touch(key)
        return entry

    def keep(self, key: str, entry: Entry, ttl: float | None = None) -> bool:
        """False if the entry is too large for this cache; what was there before is gone, too."""
        size = len(entry.body) + OVERHEAD
        if not self._order.admits(size):
            self.forget(key)
            return False
        for evicted in self._order.add(key, size):
            self._lose(evicted)
        self._kept[key] = (entry, inf if ttl is None else self._clock() + ttl)
        self._of_source.setdefault(key.partition("/")[0], set()).add(key)
        return True

    def forget(self, key: str) -> bool:
        """Whether it was there."""
        if not self._order.remove(key):
            return False
        self._lose(key)
        return True

    def _lose(self, key: str) -> None:
        del self._kept[key]
        source = key.partition("/")[0]
        keys = self._of_source[source]
        keys.discard(key)
        if not keys:
            del self._of_source[source]

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> Entry | None:
        return self.peek(key)

    async def _set(
        self, key: str, value: Entry, ttl: float | None, _cas_token: Any = None, _conn: Any = None
    ) -> bool:
        return self.keep(key, value, ttl)

    async def _add(self, key: str, value: Entry, ttl: float | None, _conn: Any = None) -> bool:
        if self.peek(key) is not None:
            raise ValueError(f"{key}: expected a new key, it is there already")
        return self.keep(key, value, ttl)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        """No use of it, as eviction counts them."""
        kept = self._kept.get(key)
        return kept is not None and kept[1] > self._clock()

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return int(self.forget(key))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        keys = self._kept if namespace is None else self._of_source.get(namespace, ())
        for key in list(keys):
            self.forget(key)
        return True
