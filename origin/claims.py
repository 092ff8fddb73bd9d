"""Who makes a result: nobody, if a tier has it, and in the whole fleet one of those who ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cache.errors import CacheError
from cache.lease import Lease, Leases
from cache.tiers import Lookup, Stored, Tiers
from origin.afterwards import Afterwards
from origin.asked import Wanted
from origin.head_start import HeadStart

# Somebody else who had the right so often, and has not made it, will not.
_TRIES: Final = 3
_SHARED: Final = frozenset({"redis", "objects"})
# Objects are asked last and once: that takes as long as all others together.
_NEAR: Final = frozenset({"disk", "redis"})
_FAR: Final = frozenset({"objects"})


@dataclass(frozen=True, slots=True)
class Claim:
    """lease: the right to make the result, to be given back in any case; None: nodes cannot share,
    or somebody else has it. unasked: tiers to be asked while it is made, by `Claims.look`.
    """

    lookup: Lookup
    lease: Lease | None = None
    unasked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claims:
    """leases: None where nodes share nothing. timeout: seconds, of another's render."""

    tiers: Tiers
    leases: Leases | None
    afterwards: Afterwards
    head_start: HeadStart
    timeout: float

    async def search(
        self, wanted: Wanted, *, later: bool, ahead: Callable[[], bool] = lambda: False
    ) -> Claim:
        """In all tiers below memory, and for the right to make it.

        `later` asks for no right, as whoever waits comes first. `ahead`: whether it can be made at
        once, while tiers are asked in which nothing is expected; asked if there are any.
        """
        unasked = frozenset() if later else self._unlikely(wanted)
        if unasked and not ahead():
            unasked = frozenset()
        lookup = await self.look(wanted, _NEAR - unasked)
        if lookup.entry is not None:
            return Claim(lookup)
        lease, last = None, _FAR
        if not later and self.leases is not None and self._used(wanted, _SHARED):
            found, lease = await self._lease(wanted, self.leases)
            if found is not None:
                return Claim(found)
            if lease is None:
                last, unasked = _SHARED, frozenset()
            else:
                # Another node may have finished since the first look. Who gives back a lease has
                # written to all shared tiers before, so one of them is enough for who has it then.
                last = self._used(wanted, _FAR) or _SHARED
        if unasked:
            return Claim(lookup, lease, unasked)
        try:
            return Claim(await self.look(wanted, last), lease)
        except BaseException:
            self.give_back(lease)
            raise

    async def look(self, wanted: Wanted, tiers: frozenset[str]) -> Lookup:
        """In these alone, as far as the result may be there."""
        only = self._used(wanted, tiers)
        lookup = await self.tiers.get(wanted.key, among=wanted.asked.policy.results, only=only)
        self.head_start.note(lookup, only)
        return lookup

    def give_back(self, lease: Lease | None, stored: Stored | None = None) -> None:
        """Once other nodes can find the result: one that looks earlier would make it again."""

        async def release(lease: Lease) -> None:
            if stored is not None:
                await stored.shared(within=self.timeout)
            await lease.release()

        if lease is not None:
            self.afterwards.begin(release(lease))

    def _unlikely(self, wanted: Wanted) -> frozenset[str]:
        """Those of the last tiers that are expected to have nothing."""
        for tiers in (_SHARED, _FAR):
            used = self._used(wanted, tiers)
            if used and self.head_start.pays(used):
                return used
        return frozenset()

    def _used(self, wanted: Wanted, tiers: frozenset[str]) -> frozenset[str]:
        """Those where what is kept of this would be."""
        among = wanted.asked.policy.results
        used = tiers.intersection(self.tiers.names)
        return used if among is None else used & among

    async def _lease(self, wanted: Wanted, leases: Leases) -> tuple[Lookup | None, Lease | None]:
        """If it is somebody else's: what they made. Neither: they failed, or Redis does."""
        try:
            for _ in range(_TRIES):
                lease = await leases.acquire(wanted.key)
                if lease is not None:
                    return None, lease
                await leases.wait(wanted.key, timeout=self.timeout)
                lookup = await self.look(wanted, _SHARED)
                if lookup.entry is not None:
                    return lookup, None
        except CacheError:
            pass
        return None, None
