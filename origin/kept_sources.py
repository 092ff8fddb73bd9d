"""Sources asked once: a page wants eight widths of one picture within a second.

Everybody who needs the same version of a source at the same time shares one fetch, and its bytes
stay for a short while, as many as fit. After any purge they are asked for anew: who purges a tag
wants none of the old pictures, and pointers know nothing of tags.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import TTLCache

from cache.flight import Flights
from cache.purges import Purges
from origin.sources.errors import SourceTooLarge
from origin.sources.source import Blob, Source, Version

# Reference, validator, and how many purges were known.
_Name = tuple[str, str | None, int]


class KeptSources:
    """A `Source` in front of another."""

    def __init__(
        self, sources: Source, purges: Purges, *, max_bytes: int, seconds: float, timeout: float
    ) -> None:
        """Keeps at most `max_bytes` of sources, each for `seconds`; 0 keeps none."""
        self._sources = sources
        self._purges = purges
        self._seconds = seconds
        self._flights: Flights[_Name, Blob] = Flights(deadline=timeout, failure_ttl=0)
        self._kept: TTLCache[_Name, Blob] = TTLCache(
            max_bytes, seconds, getsizeof=lambda blob: max(1, blob.file.size)
        )
        self.fetched = 0
        self.fetched_bytes = 0
        self.shared = 0

    async def stat(self, key: str) -> Version:
        return await self._sources.stat(key)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        name = (key, None if version is None else version.validator, self._purges.version)
        blob = self._kept.get(name)
        if blob is not None and not blob.file.changed:
            self.shared += 1
        else:
            # Who allows more bytes than others has a flight of his own.
            blob, joined = await self._flights.run(
                (f"{max_bytes} {key}", *name[1:]), lambda _: self._fetch(name, max_bytes, version)
            )
            self.shared += joined
        if blob.file.size > max_bytes:
            raise SourceTooLarge(key, size=blob.file.size, limit=max_bytes)
        return blob

    async def close(self) -> None:
        await self._flights.close()
        self._kept.clear()

    async def _fetch(self, name: _Name, max_bytes: int, version: Version | None) -> Blob:
        self.fetched += 1
        blob = await self._sources.fetch(name[0], max_bytes=max_bytes, version=version)
        self.fetched_bytes += blob.file.size
        if max(1, blob.file.size) <= self._kept.maxsize:
            self._kept[name[0], blob.version.validator, name[2]] = blob
            # Descriptors and memory are given back even if nobody asks again.
            asyncio.get_running_loop().call_later(self._seconds + 0.1, self._kept.expire)
        return blob


@asynccontextmanager
async def keep_sources(
    sources: Source,
    purges: Purges,
    *,
    max_bytes: int,
    seconds: float,
    timeout: float,  # noqa: ASYNC109  (of a fetch, not of this function)
) -> AsyncIterator[KeptSources]:
    kept = KeptSources(sources, purges, max_bytes=max_bytes, seconds=seconds, timeout=timeout)
    try:
        yield kept
    finally:
        await kept.close()
