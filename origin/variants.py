"""From what is asked for to its result: kept already, being made by somebody, or made now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cache.entry import Entry
from cache.errors import CacheError
from cache.flight import Flight, Flights
from cache.lease import Lease, Leases
from cache.pointers import Pointers
from cache.purges import Purges
from cache.tiers import Stored, Tiers
from origin.afterwards import Afterwards
from origin.asked import Asked, Wanted, want
from origin.cache_status import CacheStatus
from origin.each import each
from origin.errors import Deadline, Overloaded
from origin.rendering import Renderer
from origin.sources.errors import SourceChanged, SourceNotFound, SourceTooLarge
from transforms.errors import EngineError, TransformError

# A source that changes as often as this while it is read is being written.
_TRIES = 3
_SHARED = frozenset({"redis", "objects"})


@dataclass(frozen=True, slots=True)
class Found:
    """A result, and how it was come by. wanted: of the versions that it really is of."""

    wanted: Wanted
    entry: Entry
    status: CacheStatus
    kept: bool


@dataclass(frozen=True, slots=True)
class Variants:
    """timeout: seconds for one render, everything included."""

    renderer: Renderer
    tiers: Tiers
    pointers: Pointers
    purges: Purges
    flights: Flights[str, Entry]
    leases: Leases | None
    afterwards: Afterwards
    timeout: float

    async def identify(self, asked: Asked) -> Wanted:
        """Which result that is now; SourceNotFound, or why a source cannot be looked at."""
        found = await each(asked.references, self.pointers.get)
        for reference, pointer in found.items():
            if pointer.validator is None:
                raise SourceNotFound(f"{reference}: expected a source, there was none just now")
        return want(asked, [found[reference] for reference in asked.references], self.purges)

    def identify_known(self, asked: Asked, last: Wanted | None) -> Wanted | None:
        """The same without waiting for anything; None if a source must be looked at.

        `last` is what was identified last time, and is given again if nothing changed.
        """
        pointers = []
        for reference in asked.references:
            pointer = self.pointers.peek(reference)
            if pointer is None or pointer.validator is None:
                return None
            pointers.append(pointer)
        if last is not None and last.is_of(pointers, self.purges):
            return last
        return want(asked, pointers, self.purges)

    async def find(self, wanted: Wanted, *, later: bool = False) -> Found:
        """The result; of newer versions of its sources if they changed meanwhile.

        `later` lets every other request go first.
        """
        for _ in range(_TRIES):
            try:
                return await self._find(wanted, later=later)
            except SourceChanged:
                for reference in wanted.asked.references:
                    self.pointers.forget(reference)
                wanted = await self.identify(wanted.asked)
        return await self._find(wanted, later=later)

    async def _find(self, wanted: Wanted, *, later: bool) -> Found:
        lookup = await self.tiers.get(wanted.key, among=wanted.asked.policy.results)
        if lookup.entry is not None and lookup.tier is not None:
            status = CacheStatus.of_hit(lookup.tier, lookup.missed)
            return Found(wanted, lookup.entry, status, kept=True)

        async def make(flight: Flight) -> Entry:
            return await self._make(wanted, flight, later=later)

        # Who can wait flies apart, or those who cannot would wait with him.
        name = f"later {wanted.key}" if later else wanted.key
        entry, collapsed = await self.flights.run(name, make)
        status = CacheStatus.of_miss(lookup.missed, stored=lookup.missed, collapsed=collapsed)
        return Found(wanted, entry, status, kept=False)

    async def _make(self, wanted: Wanted, flight: Flight, *, later: bool) -> Entry:
        try:
            async with asyncio.timeout(self.timeout):
                lease = None if later else await self._lease(wanted)
                if isinstance(lease, Entry):
                    return lease
                return await self._make_alone(wanted, flight, lease, later=later)
        except TimeoutError:
            raise Deadline(f"not done within {self.timeout:g} s (SAFELIGHT_TIMEOUT)") from None

    async def _make_alone(
        self, wanted: Wanted, flight: Flight, lease: Lease | None, *, later: bool
    ) -> Entry:
        policy, stored = wanted.asked.policy, None
        try:
            entry = await self.renderer.render(wanted, later=later, started=flight.commit)
            stored = await self.tiers.put(wanted.key, entry, among=policy.results, ttl=policy.keep)
            return entry
        finally:
            if lease is not None:
                self.afterwards.begin(_release(lease, stored, within=self.timeout))

    async def _lease(self, wanted: Wanted) -> Lease | Entry | None:
        """The right to make this, or what another node made; None where nodes cannot share."""
        among = _SHARED & (wanted.asked.policy.results or _SHARED)
        if self.leases is None or not among:
            return None
        for _ in range(_TRIES):
            try:
                lease = await self.leases.acquire(wanted.key)
                if lease is None:
                    await self.leases.wait(wanted.key, timeout=self.timeout)
            except CacheError:
                return None
            try:
                # Another node may have finished since the tiers were asked.
                kept = (await self.tiers.get(wanted.key, among=among)).entry
            except asyncio.CancelledError:
                self._give_back(lease)
                raise
            if kept is not None:
                self._give_back(lease)
                return kept
            if lease is not None:
                return lease
        # Others fail to make it, or cannot keep it where we could find it.
        return None

    def _give_back(self, lease: Lease | None) -> None:
        if lease is not None:
            self.afterwards.begin(lease.release())


def failure_seconds(error: Exception, *, negative_ttl: float) -> float:
    """How long all who ask for the same are told the same, without another try."""
    if isinstance(error, SourceChanged | Overloaded):
        return 0.0
    lasting = isinstance(error, TransformError) and not isinstance(error, EngineError)
    return negative_ttl if lasting or isinstance(error, SourceTooLarge) else 1.0


async def _release(lease: Lease, stored: Stored | None, *, within: float) -> None:
    """Once other nodes can find the result: one that looks earlier would make it again."""
    if stored is not None:
        await stored.shared(within=within)
    await lease.release()
