"""A guard for each web host, made when it is first asked and forgotten when it is long unused."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from origin.sources.errors import SourceBusy
from origin.sources.guarded import GuardedSource
from origin.sources.source import Blob, Source, Version
from origin.sources.web_target import Target

HOSTS_AT_ONCE = 4
"""So many hosts may be busy to their limit before others have to wait."""


class GuardedHosts:
    """A `Source` of full references in front of another. Redirects count for where they began."""

    def __init__(
        self,
        source: Source,
        *,
        connections: int,
        timeout: float,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """connections: to one host. most: hosts that are remembered.

        forgotten: what the guards counted that are not there any more.
        """
        self._source = source
        self._connections = connections
        self._timeout = timeout
        self._most = most
        self._clock = clock
        self._shared = asyncio.Semaphore(connections * HOSTS_AT_ONCE)
        self._guards: dict[str, GuardedSource] = {}
        self.forgotten: Counter[str] = Counter()

    async def stat(self, key: str) -> Version:
        """What the host says, if it is asked."""
        return await self._guard(key).stat(key)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """What the host says, if it is asked."""
        return await self._guard(key).fetch(key, max_bytes=max_bytes, version=version)

    def facts(self) -> dict[str, dict[str, Any]]:
        """Host -> what its guard tells; the latest last."""
        return {host: guard.facts() for host, guard in self._guards.items()}

    def _guard(self, key: str) -> GuardedSource:
        host = Target.parse(key).netloc
        guard = self._guards.pop(host, None)
        if guard is None:
            self._make_room(host)
            guard = GuardedSource(
                self._source,
                host,
                connections=self._connections,
                timeout=self._timeout,
                shared=self._shared,
                clock=self._clock,
            )
        self._guards[host] = guard
        return guard

    def _make_room(self, host: str) -> None:
        """Forgets the host that was not asked for the longest time. One in use cannot be."""
        if len(self._guards) < self._most:
            return
        oldest = next((name for name, guard in self._guards.items() if guard.idle), None)
        if oldest is None:
            raise SourceBusy(
                f"{host}: expected fewer than {self._most} hosts in use at a time, got as many"
            )
        counted = self._guards.pop(oldest).facts()
        self.forgotten.update({name: counted[name] for name in ("calls", "failures", "refused")})
