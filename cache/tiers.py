"""The stack of tiers: asked from the top, filled from the bottom, written to behind the answer.

A hit below the top is copied to the tiers above it. Results are immutable, so it does not matter
in which order the writes of a key arrive, and a write that is under way already serves both.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cache.entry import Entry
from cache.tier import Tier
from cache.write_behind import Write

_UNWINDING_SECONDS = 1.0
_AFTER_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Placed:
    """A tier in its place. behind: writes do not hold up the answer. shared: other nodes read it.

    offer: where writes go that have a queue of their own, as `WriteBehind.offer`.
    """

    tier: Tier
    behind: bool = True
    shared: bool = False
    offer: Callable[[str, Entry, float | None], Write] | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """tier: where the entry was. missed: those above that were asked in vain."""

    entry: Entry | None
    tier: str | None
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a put. kept: in every shared tier that did not have to be waited for."""

    kept: bool
    writes: tuple[Write, ...]

    async def shared(self, *, within: float) -> bool:
        """Whether every shared tier has the entry, as far as is known after `within` seconds. The
        writes go on, whoever stops waiting.
        """
        try:
            async with asyncio.timeout(within):
                return all([await write for write in self.writes]) and self.kept
        except TimeoutError:
            return False


class Tiers:
    """The tiers in the order in which they are asked. `among` names those that a call may use."""

    def __init__(
        self,
        placed: Sequence[Placed],
        *,
        max_behind: int = 256,
        max_behind_bytes: int = 64_000_000,
        longest_write: float = 30.0,
    ) -> None:
        """At most so many writes, and bytes of pictures, are behind their answers in each tier."""
        names = [place.tier.name for place in placed]
        if len(set(names)) != len(names):
            raise ValueError(f"expected tiers of different names, got {names}")
        self._places = tuple(placed)
        self._behind = {
            place.tier.name: _Behind(place.tier, max_behind, max_behind_bytes, longest_write)
            for place in placed
        }

    def __iter__(self) -> Iterator[Tier]:
        return (place.tier for place in self._places)

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they are asked."""
        return _names(self._places)

    def peek(self, key: str, *, among: frozenset[str] | None = None) -> Entry | None:
        """The entry if it is in memory, without waiting."""
        for place in self._allowed(among):
            entry = place.tier.peek(key)
            if entry is not None:
                return entry
        return None

    async def get(
        self,
        key: str,
        *,
        among: frozenset[str] | None = None,
        only: frozenset[str] | None = None,
    ) -> Lookup:
        """The entry from the first tier that has it.

        only: others were asked just now. They are told of what is found, and count as asked.
        """
        above: list[Placed] = []
        for place in self._allowed(among):
            if only is not None and place.tier.name not in only:
                above.append(place)
                continue
            entry = await place.tier.get(key)
            if entry is not None:
                await self._promote(key, entry, above)
                return Lookup(entry, place.tier.name, _names(above))
            above.append(place)
        return Lookup(None, None, _names(above))

    async def put(
        self,
        key: str,
        entry: Entry,
        *,
        among: frozenset[str] | None = None,
        ttl: float | None = None,
    ) -> Stored:
        """Begin to keep the entry everywhere; it is in memory when this returns."""
        kept, writes = True, []
        for place in self._allowed(among):
            write = await self._write(place, key, entry, ttl)
            if not place.shared:
                continue
            if isinstance(write, Write):
                writes.append(write)
            else:
                kept = kept and write
        return Stored(kept, tuple(writes))

    async def delete(self, key: str) -> None:
        """Forget the key everywhere, as far as the tiers can be reached."""
        await self._settle(lambda pending: pending == key)
        await asyncio.gather(*(place.tier.delete(key) for place in self._places))

    async def drop_source(
        self, source: str, *, among: frozenset[str] | None = None
    ) -> dict[str, bool]:
        """Forget all keys of the source; whether it worked, by tier. What waits in a queue of its
        own is still written.
        """
        await self._settle(lambda pending: pending.startswith(f"{source}/"))
        tiers = [place.tier for place in self._allowed(among)]
        dropped = await asyncio.gather(*(tier.drop(source) for tier in tiers))
        return {tier.name: worked for tier, worked in zip(tiers, dropped, strict=True)}

    def counts(self) -> dict[str, Mapping[str, int]]:
        """By tier, what `cache.tier` lists, and copies from below: promoted; writes that found no
        room: dropped.
        """
        return {place.tier.name: dict(place.tier.counts) for place in self._places}

    def states(self) -> dict[str, dict[str, str]]:
        """By tier, those of its breakers."""
        return {
            place.tier.name: {
                "reads": place.tier.breaker.state,
                "writes": place.tier.write_breaker.state,
            }
            for place in self._places
        }

    async def close(self, *, within: float = 5.0) -> None:
        """Begin no more writes, and wait so many seconds for those that are under way. The caches
        and the queues stay open.
        """
        for behind in self._behind.values():
            behind.closed = True
        await self._settle(lambda _: True, within=within)

    def _allowed(self, among: frozenset[str] | None) -> Iterator[Placed]:
        return (place for place in self._places if among is None or place.tier.name in among)

    async def _promote(self, key: str, entry: Entry, above: list[Placed]) -> None:
        for place in above:
            write = await self._write(place, key, entry, None)
            if (not write.done) if isinstance(write, Write) else write:
                place.tier.counts["promoted"] += 1

    async def _write(
        self, place: Placed, key: str, entry: Entry, ttl: float | None
    ) -> Write | bool:
        if not place.behind:
            return await place.tier.put(key, entry, ttl=ttl)
        begin = place.offer or self._behind[place.tier.name].begin
        return begin(key, entry, ttl)

    async def _settle(self, which: Callable[[str], bool], *, within: float = 5.0) -> None:
        """Let writes end before what they write is dropped, and cancel those that take too long."""
        writes = [write for behind in self._behind.values() for write in behind.take(which)]
        if writes:
            await asyncio.wait(writes, timeout=within)
        late = [write for write in writes if write.cancel()]
        if late:
            await asyncio.wait(late, timeout=_UNWINDING_SECONDS)


class _Behind:
    """The writes to one tier that their answers did not wait for."""

    def __init__(self, tier: Tier, max_writes: int, max_bytes: int, longest: float) -> None:
        self.closed = False
        self._tier = tier
        self._max_writes = max_writes
        self._max_bytes = max_bytes
        self._longest = longest
        self._bytes = 0
        self._pending: dict[str, tuple[Write, asyncio.Task[bool]]] = {}

    def begin(self, key: str, entry: Entry, ttl: float | None) -> Write:
        """Dropped if there is no room. One picture has room, however large it is."""
        if key in self._pending:
            return self._pending[key][0]
        outcome, size = Write(), len(entry.body)
        full = len(self._pending) >= self._max_writes
        full = full or (self._bytes > 0 and self._bytes + size > self._max_bytes)
        if self.closed or full:
            self._tier.counts["dropped"] += 1
            outcome.settle(kept=False)
            return outcome

        def ended(task: asyncio.Task[bool]) -> None:
            self._bytes -= size
            if self._pending.get(key) == (outcome, task):
                del self._pending[key]
            outcome.settle(kept=not task.cancelled() and task.result())

        # Not in the context of the request: it will have been answered.
        task = asyncio.create_task(self._write(key, entry, ttl), context=contextvars.Context())
        task.add_done_callback(ended)
        self._pending[key] = outcome, task
        self._bytes += size
        return outcome

    def take(self, which: Callable[[str], bool]) -> list[asyncio.Task[bool]]:
        """Writes to be waited for; the next one of the same key will be another."""
        return [self._pending.pop(key)[1] for key in list(self._pending) if which(key)]

    async def _write(self, key: str, entry: Entry, ttl: float | None) -> bool:
        # The answer goes first: packing and sending a result takes as long as sending that.
        await asyncio.sleep(_AFTER_SECONDS)
        try:
            async with asyncio.timeout(self._longest):
                return await self._tier.put(key, entry, ttl=ttl)
        except TimeoutError:
            self._tier.counts["timeout"] += 1
            self._tier.failed_writes["timeout"] += 1
            return False


def _names(places: Sequence[Placed]) -> tuple[str, ...]:
    return tuple(place.tier.name for place in places)
