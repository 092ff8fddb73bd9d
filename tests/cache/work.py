"""Work for flights, and the many who want it done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cache.flight import Flight, Flights


class Work:
    """Counts its beginnings, and ends when it is told to."""

    def __init__(self, *, commits: bool = False, error: Exception | None = None) -> None:
        self.release = asyncio.Event()
        self.begun = self.ended = self.cancelled = 0
        self._commits = commits
        self._error = error

    async def __call__(self, flight: Flight) -> str:
        self.begun += 1
        if self._commits:
            flight.commit()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error:
            raise self._error
        self.ended += 1
        return "pixels"


class Clock:
    """Stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Undecodable(Exception):
    """Made of something else than its message."""

    def __init__(self, name: str, *, size: int) -> None:
        super().__init__(f"{name} cannot be read")
        self.size = size


def flights(**options: Any) -> Flights[str, str]:
    return Flights(**{"deadline": 60.0, **options})


def callers(
    tower: Flights[str, str], work: Callable[[Flight], Awaitable[str]], number: int
) -> list[asyncio.Task[tuple[str, bool]]]:
    return [asyncio.create_task(tower.run("key", work)) for _ in range(number)]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("waited too long")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
