"""A source that does as it is told, and where its callers stand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from origin.sources.errors import SourceError
from origin.sources.source import Blob, Version

FOUND = Version('"a"', 1, None)


async def answer() -> Version:
    return FOUND


async def silence() -> Version:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def failing(error: SourceError) -> Callable[[], Awaitable[Version]]:
    async def fail() -> Version:
        raise error

    return fail


@dataclass(slots=True)
class Told:
    """A source that does as it is told."""

    behave: Callable[[], Awaitable[Version]] = answer
    calls: int = 0
    inside: int = 0
    most: int = 0
    now: float = 1000.0
    """The clock of its guard."""

    async def stat(self, key: str) -> Version:
        self.calls += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            return await self.behave()
        finally:
            self.inside -= 1

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        await self.stat(key)
        raise AssertionError


async def settled(tasks: list[asyncio.Task[Version]]) -> list[type]:
    return [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)]


async def turn() -> None:
    """Everybody goes as far as there is something to do."""
    for _ in range(20):
        await asyncio.sleep(0)
