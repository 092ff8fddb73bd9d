"""What the rest of the service sees of a place that keeps results.

Keys are text, `<source>/<result>`: 32 and 64 hexadecimal digits (`cache.key`). All results of one
source have the first part in common.
"""

from __future__ import annotations

from typing import Protocol

from cache.entry import Entry


class Store(Protocol):
    """Every method may raise `CacheError`, OSError or a client library's own errors."""

    async def get(self, key: str) -> Entry | None:
        """What was last put under the key; None if there is nothing."""

    async def put(self, key: str, entry: Entry, *, ttl: float | None = None) -> bool:
        """Keep the entry, for `ttl` seconds if one is given; False if it is not to be kept here."""

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens if it is not there."""

    async def drop_source(self, source: str) -> None:
        """Forget every key of the source (the part before the slash), as far as it is known."""
