"""Caches that fail when they are told to, and stacks of tiers on top of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from aiocache.backends.memory import SimpleMemoryCache
from aiocache.plugins import BasePlugin

from cache.breaker import Breaker
from cache.entry import Entry
from cache.tier import Tier
from cache.tiers import Placed, Tiers

ALL = ("memory", "disk", "redis", "objects")
SOURCE = "5" * 32
KEY = f"{SOURCE}/{'a' * 64}"


class Unsteady(SimpleMemoryCache, BasePlugin):
    """aiocache's cache, and plugin of itself: breaks or hangs if told to, and counts its calls."""

    def __init__(self, *, timeout: float | None = 5.0) -> None:
        super().__init__(timeout=timeout, plugins=[self])  # type: ignore[no-untyped-call]
        self.mood: Literal["well", "broken", "hanging"] = "well"
        self.calls = 0

    async def suffer(self, *_: Any, **__: Any) -> None:
        self.calls += 1
        if self.mood == "broken":
            raise OSError("the disk is on fire")
        if self.mood == "hanging":
            await asyncio.Event().wait()

    pre_get = pre_set = pre_delete = pre_clear = suffer


def an_entry(body: bytes = b"pixels") -> Entry:
    return Entry(body, "image/webp", "webp", 30, 20, 1, 300, 200, "webp", 1_700_000_000.0)


class Peekable(Unsteady):
    """As the cache in memory: answers at once."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    def peek(self, key: str) -> Any:
        return self._cache.get(key)


class Stack:
    """Tiers and the caches that they lie on."""

    def __init__(self, names: Sequence[str] = ALL, *, timeout: float = 5.0, **bounds: Any) -> None:
        self.caches = {
            name: Peekable() if name == "memory" else Unsteady(timeout=timeout) for name in names
        }
        self.tiers = Tiers([self._placed(name) for name in names], **bounds)

    def _placed(self, name: str) -> Placed:
        memory = name == "memory"
        breaker = Breaker(failures=3, pause=0.01)
        tier = Tier(name, self.caches[name], framed=not memory, breaker=breaker)
        return Placed(tier, behind=not memory, shared=name in ("redis", "objects"))

    async def holders(self, key: str = KEY) -> list[str]:
        """The tiers that have the key, when all that is under way has ended."""
        await self.settled()
        return [name for name, cache in self.caches.items() if await cache.exists(key)]

    async def settled(self) -> None:
        writes = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if writes:
            await asyncio.wait(writes, timeout=10)
