"""A tier: one aiocache cache that may be slow, full, broken or away without anybody suffering.

Each `get` counts as one of hit, miss, corrupt, failed, timeout, skipped, each `put` as one of
stored, too_large, declined, failed, timeout, skipped. Skipped: the breaker was open.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiocache.base import BaseCache

from cache.breaker import Breaker
from cache.entry import Entry, pack, unpack
from cache.errors import CorruptEntry

T = TypeVar("T")

# Hashing and copying a megabyte takes a millisecond or two: more would hold the event loop.
_IN_THREAD_BYTES = 1_000_000

# The digest is no signature: anything may be in a frame, and other things than frames in a cache.
_CORRUPT = (CorruptEntry, ValueError, TypeError, AttributeError, RecursionError)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Spent:
    """How many calls there were, and how long all of them took."""

    calls: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.calls += 1
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class Fill:
    """What a cache with a bound of its own holds. evicted: keys that had to go, ever."""

    bytes: int
    max_bytes: int
    entries: int
    evicted: int


class Tier:
    """A `Store` that raises nothing but CancelledError: what fails is a miss, or is not kept.

    The cache's own `timeout` bounds every call. Writes have a breaker of their own, as a cache that
    is full or read-only still answers.

    failed_writes: those of failed, timeout and skipped in `counts` that were no reads.
    """

    def __init__(
        self,
        name: str,
        cache: BaseCache,
        *,
        framed: bool,
        max_entry_bytes: int | None = None,
        breaker: Breaker | None = None,
        write_breaker: Breaker | None = None,
    ) -> None:
        """framed: the cache holds bytes, not objects. max_entry_bytes: of the picture alone."""
        self.name = name
        self.counts: Counter[str] = Counter()
        self.failed_writes: Counter[str] = Counter()
        self.reads, self.writes = Spent(), Spent()
        self.breaker = breaker or Breaker()
        self.write_breaker = write_breaker or Breaker()
        self._cache = cache
        self._framed = framed
        self._max_entry_bytes = max_entry_bytes

    @property
    def fill(self) -> Fill | None:
        """None where others decide what stays."""
        names = ("bytes", "max_bytes", "count", "evicted")
        figures = [getattr(self._cache, name, None) for name in names]
        return None if None in figures else Fill(*map(int, figures))  # type: ignore[arg-type]

    def peek(self, key: str) -> Entry | None:
        """What the cache has at hand, without waiting; only the cache in memory can answer."""
        peek: Callable[[str], Any] | None = getattr(self._cache, "peek", None)
        entry = peek(key) if peek else None
        if not isinstance(entry, Entry):
            return None
        self.counts["hit"] += 1
        return entry

    async def get(self, key: str) -> Entry | None:
        """None as well if the cache fails, or is left alone because it did."""
        found, value = await self._call(self.breaker, lambda: self._cache.get(key))
        if not found:
            return None
        if value is None:
            self.counts["miss"] += 1
            return None
        try:
            entry = await self._read(key, value)
        except _CORRUPT:
            self.counts["corrupt"] += 1
            await self.delete(key)
            return None
        except Exception:
            # No thread or no memory to unpack it in: nothing that the cache did.
            self.counts["failed"] += 1
            return None
        self.counts["hit"] += 1
        return entry

    async def holds(self, key: str) -> bool | None:
        """Whether there is something under the key, for people who ask: it counts as nothing.

        None if the cache does not say, or is left alone because it failed.
        """
        if self.breaker.state == "open":
            return None
        try:
            return bool(await self._cache.exists(key))
        except Exception:
            return None

    async def put(self, key: str, entry: Entry, *, ttl: float | None = None) -> bool:
        """False as well if the entry is too large, or the cache fails or is left alone."""
        if self._max_entry_bytes is not None and len(entry.body) > self._max_entry_bytes:
            self.counts["too_large"] += 1
            return False
        # Caches take 0 for "for ever".
        if ttl is not None and ttl <= 0:
            self.counts["declined"] += 1
            return False
        lifetime = {} if ttl is None else {"ttl": ttl}

        async def write() -> Any:
            return await self._cache.set(key, await self._written(key, entry), **lifetime)

        done, kept = await self._call(self.write_breaker, write)
        if done:
            self.counts["stored" if kept else "declined"] += 1
        return bool(done and kept)

    async def delete(self, key: str) -> None:
        """As far as the cache can be reached."""
        await self._call(self.write_breaker, lambda: self._cache.delete(key))

    async def drop_source(self, source: str) -> None:
        """As far as the cache can be reached."""
        await self.drop(source)

    async def drop(self, source: str) -> bool:
        """`drop_source` that says whether it worked."""
        if not source:
            return False  # Caches take no namespace for all of them.
        clear = self._cache.clear
        return (await self._call(self.write_breaker, lambda: clear(namespace=source)))[0]

    async def _call(
        self, breaker: Breaker, call: Callable[[], Awaitable[T]]
    ) -> tuple[bool, T | None]:
        """Whether the cache answered, and what."""
        if not breaker.allows():
            self._count_failed(breaker, "skipped")
            return False, None
        began = time.perf_counter()
        try:
            answer = await call()
        except Exception as error:
            self._failed(breaker, error)
            return False, None
        finally:
            spent = self.reads if breaker is self.breaker else self.writes
            spent.add(time.perf_counter() - began)
        self._succeeded(breaker)
        return True, answer

    def _failed(self, breaker: Breaker, error: Exception) -> None:
        # Client libraries have a TimeoutError of their own, each another.
        late = isinstance(error, TimeoutError) or type(error).__name__.endswith("TimeoutError")
        self._count_failed(breaker, "timeout" if late else "failed")
        was = breaker.state
        breaker.failed()
        if was == "closed" and breaker.state == "open":
            what = "read from" if breaker is self.breaker else "written to"
            logger.warning("cache tier %s is not %s for now: %r", self.name, what, error)

    def _count_failed(self, breaker: Breaker, how: str) -> None:
        self.counts[how] += 1
        if breaker is self.write_breaker:
            self.failed_writes[how] += 1

    def _succeeded(self, breaker: Breaker) -> None:
        was = breaker.state
        breaker.succeeded()
        if was == "half-open" and breaker.state == "closed":
            logger.warning("cache tier %s is back", self.name)

    async def _read(self, key: str, value: Any) -> Entry:
        if not self._framed:
            if isinstance(value, Entry):
                return value
            raise CorruptEntry(f"{key}: expected an Entry, got {type(value).__name__}")
        if len(value) > _IN_THREAD_BYTES:
            return await asyncio.to_thread(unpack, key, value)
        return unpack(key, value)

    async def _written(self, key: str, entry: Entry) -> Entry | bytes:
        if not self._framed:
            return entry
        if len(entry.body) > _IN_THREAD_BYTES:
            return await asyncio.to_thread(pack, key, entry)
        return pack(key, entry)
