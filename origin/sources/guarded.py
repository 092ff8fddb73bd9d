"""A source that misbehaves takes nobody else down: room for so many requests, and a breaker.

    no room within a quarter of the timeout    SourceBusy
    it has failed several times in a row       SourceUnavailable at once, until it is tried again

Slow, unavailable and cut short is a failure. Missing, changed, too large and denied is an answer,
and what the reference itself forbids is neither. A call that was given up after half of the timeout
counts as slow: those who wait for it have deadlines as well, and theirs may come first.

The timeout holds for waiting and call together; a folder has no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import structlog

from cache.breaker import Breaker
from origin.sources.errors import (
    SourceBusy,
    SourceError,
    SourceNotAllowed,
    SourceReferenceError,
    SourceTimeout,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.source import Blob, Source, Version

T = TypeVar("T")

MAX_WAITING = 1000
"""Callers who wait for room, per source."""

_FAILURES = (SourceTimeout, SourceUnavailable, SourceTruncated)
_NOT_ASKED = (SourceNotAllowed, SourceReferenceError)
log = structlog.get_logger("safelight.sources")


class GuardedSource:
    """A `Source` in front of another."""

    def __init__(
        self,
        source: Source,
        name: str,
        *,
        connections: int,
        timeout: float,
        shared: asyncio.Semaphore | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """name: of the bucket or host, for messages. shared: room that others take from, too."""
        self._source = source
        self._name = name
        self._connections = connections
        self._timeout = timeout
        self._clock = clock
        own = asyncio.Semaphore(connections)
        self._rooms = (own,) if shared is None else (own, shared)
        self._breaker = _Breaker(clock=clock)
        self._in_use = self._waiting = self._calls = self._failures = self._refused = 0
        self._since: float | None = None

    async def stat(self, key: str) -> Version:
        """What the source says, if it is asked."""
        return await self._ask(key, lambda: self._source.stat(key))

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """What the source says, if it is asked."""
        return await self._ask(
            key, lambda: self._source.fetch(key, max_bytes=max_bytes, version=version)
        )

    @property
    def idle(self) -> bool:
        """Nobody calls, and nobody waits to."""
        return not self._in_use and not self._waiting

    def facts(self) -> dict[str, Any]:
        """failures: calls that failed. refused: those that were not made, for either reason."""
        return {
            "state": self._breaker.state,
            "in_use": self._in_use,
            "waiting": self._waiting,
            "calls": self._calls,
            "failures": self._failures,
            "refused": self._refused,
        }

    async def _ask(self, key: str, call: Callable[[], Awaitable[T]]) -> T:
        if self._breaker.seconds_left > 0:
            raise self._resting(key)
        try:
            async with asyncio.timeout(self._timeout), self._room(key):
                # It may have opened while this caller waited.
                if not self._breaker.allows():
                    raise self._resting(key)
                return await self._watched(call)
        except TimeoutError as exc:
            raise SourceTimeout(
                f"{self._name}: expected all of {key} within "
                f"{self._timeout:g} s (SAFELIGHT_TIMEOUT)"
            ) from exc

    @asynccontextmanager
    async def _room(self, key: str) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise self._busy(key)
        async with AsyncExitStack() as taken:
            self._waiting += 1
            try:
                async with asyncio.timeout(self._timeout / 4):
                    for room in self._rooms:
                        await taken.enter_async_context(room)
            except TimeoutError:
                raise self._busy(key) from None
            finally:
                self._waiting -= 1
            self._in_use += 1
            try:
                yield
            finally:
                self._in_use -= 1

    async def _watched(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call, and what its end says of the source."""
        began = self._clock()
        self._calls += 1
        try:
            result = await call()
        except _FAILURES as error:
            self._failed(error)
            raise
        except _NOT_ASKED:
            raise
        except SourceError:
            self._succeeded()
            raise
        except asyncio.CancelledError as error:
            if self._clock() - began >= self._timeout / 2:
                self._failed(error)
            raise
        self._succeeded()
        return result

    def _failed(self, error: BaseException) -> None:
        self._failures += 1
        self._breaker.failed()
        if self._breaker.state == "open" and self._since is None:
            self._since = self._clock()
            log.warning("source_fails", source=self._name, error=repr(error))

    def _succeeded(self) -> None:
        self._breaker.succeeded()
        if self._breaker.state == "closed" and self._since is not None:
            log.info("source_is_back", source=self._name, seconds=self._clock() - self._since)
            self._since = None

    def _resting(self, key: str) -> SourceUnavailable:
        self._refused += 1
        since = 0.0 if self._since is None else self._clock() - self._since
        return SourceUnavailable(
            f"{self._name}: expected to ask for {key}, but it has been failing for {since:.1f} s "
            f"and is left alone: tried again in {self._breaker.seconds_left:.1f} s"
        )

    def _busy(self, key: str) -> SourceBusy:
        self._refused += 1
        return SourceBusy(
            f"{self._name}: expected room to ask for {key}, but {self._in_use} requests of "
            f"{self._connections} (SAFELIGHT_SOURCE_CONNECTIONS) are under way, "
            f"{self._waiting} more wait"
        )


class _Breaker(Breaker):
    """One that tells when it is tried again."""

    @property
    def seconds_left(self) -> float:
        """Until it lets somebody through; 0 if it would now. Asking changes nothing."""
        if self.state == "closed":
            return 0.0
        return max(0.0, self._next_probe - self._clock())
