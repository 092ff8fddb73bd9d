"""Who makes a result: nobody, if a tier has it, and in the whole fleet one of those who ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cache.errors import CacheError
from cache.lease import Lease, Leases
from cache.tiers import Lookup, Stored, Tiers
from origin.afterwards import Afterwards
from origin.asked import Wanted

# Somebody else who had the right so often, and has not made it, will not.
_TRIES: Final = 3
# Objects are asked last and once: that takes as long as all others together.
_NEAR: Final = frozenset({"disk", "redis"})
_FAR: Final = frozenset({"objects"})
_SHARED: Final = frozenset({"redis", "objects"})


@dataclass(frozen=True, slots=True)
class Claims:
    """leases: None where nodes share nothing. timeout: seconds, of another's render."""

    tiers: Tiers
    leases: Leases | None
    afterwards: Afterwards
    timeout: float

    async def search(self, wanted: Wanted, *, later: bool) -> tuple[Lookup, Lease | None]:
        """In all tiers below memory; and the right to make it, to be given back in any case.

        None instead of the right: nodes cannot share, or somebody else has it. `later` asks for
        none, as whoever waits comes first.
        """
        lookup = await self._look(wanted, _NEAR)
        if lookup.entry is not None:
            return lookup, None
        if later or self.leases is None or not self._shares(wanted, _SHARED):
            return await self._look(wanted, _SHARED), None
        found, lease = await self._lease(wanted, self.leases)
        if found is not None:
            return found, None
        try:
            return await self._look(wanted, self._last(wanted, lease)), lease
        except BaseException:
            self.give_back(lease)
            raise

    def give_back(self, lease: Lease | None, stored: Stored | None = None) -> None:
        """Once other nodes can find the result: one that looks earlier would make it again."""

        async def release(lease: Lease) -> None:
            if stored is not None:
                await stored.shared(within=self.timeout)
            await lease.release()

        if lease is not None:
            self.afterwards.begin(release(lease))

    async def _look(self, wanted: Wanted, only: frozenset[str]) -> Lookup:
        return await self.tiers.get(wanted.key, among=wanted.asked.policy.results, only=only)

    def _last(self, wanted: Wanted, lease: Lease | None) -> frozenset[str]:
        """Another node may have finished since the first look. Who gives back a lease has written
        to all shared tiers before, so one of them is enough for who has it then.
        """
        return _FAR if lease is not None and self._shares(wanted, _FAR) else _SHARED

    def _shares(self, wanted: Wanted, tiers: frozenset[str]) -> bool:
        """Whether what is kept of this would be in one of these."""
        among = wanted.asked.policy.results
        return any(name in tiers and (among is None or name in among) for name in self.tiers.names)

    async def _lease(self, wanted: Wanted, leases: Leases) -> tuple[Lookup | None, Lease | None]:
        """If it is somebody else's: what they made. Neither: they failed, or Redis does."""
        try:
            for _ in range(_TRIES):
                lease = await leases.acquire(wanted.key)
                if lease is not None:
                    return None, lease
                await leases.wait(wanted.key, timeout=self.timeout)
                lookup = await self._look(wanted, _SHARED)
                if lookup.entry is not None:
                    return lookup, None
        except CacheError:
            pass
        return None, None
