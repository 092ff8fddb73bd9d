"""A source that is looked at, a clock, and waiting for what goes on behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cache.pointer import Pointer
from cache.pointers import Pointers

CAT = "local:///cat.jpg"
TTL, NEGATIVE_TTL, STALE_FOR = 60.0, 10.0, 3600.0
DEADLINE_SECONDS = 30.0

Open = Callable[..., Pointers]


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    @property
    def milliseconds(self) -> int:
        return int(self.now * 1000)


class Gallery:
    """A source. It answers at once, unless there is a gate, and what was true as it was asked."""

    def __init__(self, clock: Clock) -> None:
        self.versions: dict[str, str] = {}
        self.looks: list[str] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self._clock = clock

    async def look(self, reference: str) -> Pointer:
        self.looks.append(reference)
        version, error = self.versions.get(reference), self.error
        if self.gate:
            await self.gate.wait()
        if error:
            raise error
        return Pointer(version, None, None, None, self._clock())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110  (there is no event of what goes on behind)
            await asyncio.sleep(0.001)


async def hold(gallery: Gallery, asked: Awaitable[Pointer]) -> asyncio.Task[Pointer]:
    """A get that is under way: its look has begun and waits at the gate."""
    looks = len(gallery.looks)
    task = asyncio.ensure_future(asked)
    await until(lambda: len(gallery.looks) > looks)
    return task
