"""Purges: told to this node, kept, and told to the others.

A purge changes the names of results (`origin.asked`), so what was kept is out of reach at once, on
every node that has heard of it, however many results there are. What the tiers still hold of a
source is deleted behind that, to give the room back: each node deletes its own, and what all share
is deleted by the node that was told, as the bucket would suffer from all of them at once.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog

from cache.bus import PurgeBus
from cache.errors import CacheError
from cache.key import source_name
from cache.purge_file import PurgeFile
from cache.purges import Purge, Purges, Scope
from cache.tiers import Tiers
from origin.afterwards import Afterwards
from origin.purge_report import PurgeReport, TierState
from origin.sources.reference import Reference
from origin.tags import source_tag

# Other nodes answer within milliseconds, or not at all.
_WAIT_SECONDS = 1.5
# A bucket with many results of the source takes longer than anybody wants to watch.
_DROP_SECONDS = 1.0
# Nobody waits for a bucket that is slow, so it is tried again.
_PAUSES = (1.0, 5.0, 15.0)
_OWN = frozenset({"memory", "disk"})
_SHARED = frozenset({"objects"})

log = structlog.get_logger("safelight")


@dataclass(slots=True)
class Purger:
    """node: this node's name. within: seconds until a node that missed a purge finds out itself."""

    purges: Purges
    tiers: Tiers
    file: PurgeFile | None
    bus: PurgeBus | None
    afterwards: Afterwards
    node: str
    within: float

    async def purge(self, scope: Scope, name: str) -> PurgeReport:
        """Nothing that was kept of it is served from here on; SourceReferenceError."""
        if scope == "source":
            name = str(Reference.parse(name))
        purge = Purge(scope, name, self.purges.next_at(time.time()))
        self.purges.apply(purge)
        if self.file is not None:
            await self.file.append(purge)
        tiers, nodes = await asyncio.gather(self._drop_all(purge), self._tell(purge))
        reached, missing = nodes
        return PurgeReport(
            scope=scope,
            name=name,
            generation=purge.at,
            tiers=tiers,
            reached=tuple(sorted({self.node, *reached})),
            missing=tuple(sorted(missing - {self.node})),
            tags={"source": (source_tag(name),), "tag": (name,), "prefix": ()}[scope],
            within_s=self.within,
        )

    def hear(self, purge: Purge) -> None:
        """What another node was told; the same purge may come more than once."""
        if self.purges.apply(purge):
            self.afterwards.begin(self._follow(purge))

    async def _follow(self, purge: Purge) -> None:
        if self.file is not None:
            await self.file.append(purge)
        if purge.scope == "source":
            await self._drop(purge, _OWN, {})

    async def _drop_all(self, purge: Purge) -> dict[str, TierState]:
        """Only a source's results lie together; those of a prefix or tag are merely not found.

        So are those in Redis, which has no folders, and those that take too long to delete.
        """
        states: dict[str, TierState] = dict.fromkeys(self.tiers.names, "hidden")
        if purge.scope == "source":
            await self._drop(purge, _OWN, states)
            done = asyncio.Event()

            async def drop_shared() -> None:
                for pause in (*_PAUSES, None):
                    worked = await self._drop(purge, _SHARED, states)
                    done.set()
                    if worked or pause is None:
                        return
                    await asyncio.sleep(pause)

            if self.afterwards.begin(drop_shared()):
                with suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), _DROP_SECONDS)
        return dict(states)

    async def _drop(
        self, purge: Purge, among: frozenset[str], states: dict[str, TierState]
    ) -> bool:
        """Writes down what became of each of the tiers; whether all of them worked."""
        dropped = await self.tiers.drop_source(source_name(purge.name), among=among)
        for tier, worked in dropped.items():
            states[tier] = "dropped" if worked else "failed"
            if not worked:
                log.warning("old results stay, where nothing finds them", tier=tier, of=purge.name)
        return all(dropped.values())

    async def _tell(self, purge: Purge) -> tuple[frozenset[str], frozenset[str]]:
        if self.bus is None:
            return frozenset(), frozenset()
        try:
            reached = await self.bus.tell(purge, wait=_WAIT_SECONDS)
        except CacheError:
            return frozenset(), frozenset({"the nodes behind SAFELIGHT_CACHE_REDIS_URL"})
        return reached.acknowledged, reached.missing
