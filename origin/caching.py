"""The caches of one server: which tiers there are, and everything that keeps them true."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis

from cache.breaker import Breaker
from cache.bus import PurgeBus
from cache.disk import open_disk
from cache.flight import Flights
from cache.lease import Leases
from cache.memory import MemoryCache
from cache.object_location import parse_location
from cache.pointer import Pointer
from cache.pointers import Pointers
from cache.purge_file import PurgeFile
from cache.purges import Purges
from cache.shared import open_redis, redis_cache
from cache.shared_pointers import SharedPointers
from cache.tier import Tier
from cache.tiers import Placed, Tiers
from cache.write_behind import WriteBehind
from origin.afterwards import Afterwards
from origin.purging import Purger
from origin.settings import Settings
from origin.sources.errors import SourceNotFound
from origin.sources.source import Source
from origin.variants import Made, failure_seconds

# Seconds after which a tier that does not answer is a miss.
_DISK_SECONDS = 1.0
_REDIS_SECONDS = 0.3
_JOIN_SECONDS = 1.0
_OBJECTS_SECONDS = 2.0
_WRITE_SECONDS = 30.0
_MARGIN_SECONDS = 5.0
_LEASE_SECONDS = 10.0
_CONNECTIONS = 32
_NAMESPACE = "safelight:"
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Caches:
    """Everything that is open while the server runs."""

    tiers: Tiers
    pointers: Pointers
    purges: Purges
    purger: Purger
    flights: Flights[str, Made]
    leases: Leases | None
    afterwards: Afterwards
    written_behind: WriteBehind | None

    def go_by(self, *, timeout: float, pointer_ttl: float, negative_ttl: float) -> None:
        """What the settings of these names say, in seconds, holds from now on."""
        self.pointers.trust(ttl=pointer_ttl, negative_ttl=min(negative_ttl, pointer_ttl))
        self.purger.within = pointer_ttl
        # The work has a deadline of its own, which is told better.
        self.flights.deadline = timeout + _MARGIN_SECONDS
        self.flights.lifetime = partial(failure_seconds, negative_ttl=negative_ttl)

    def facts(self) -> dict[str, Any]:
        """Counts since the start, for people and machines."""
        behind = {} if self.written_behind is None else asdict(self.written_behind.counts)
        return {
            "node": self.purger.node,
            "tiers": self.tiers.counts(),
            "behind": behind,
            "pointers": dict(self.pointers.counts),
            "flights": {
                "aloft": len(self.flights),
                "joined": self.flights.joined,
                "spared": self.flights.spared,
            },
        }


@asynccontextmanager
async def open_caches(settings: Settings, sources: Source, purges: Purges) -> AsyncIterator[Caches]:
    """ValueError names a setting that cannot be used. A tier that is down is no reason not to
    start.
    """
    afterwards = Afterwards()
    async with AsyncExitStack() as stack:
        redis = await _open_redis(settings, stack)
        placed, behind = await _open_tiers(settings, redis, stack)
        tiers = Tiers(placed)
        stack.push_async_callback(tiers.close)
        stack.push_async_callback(afterwards.close)
        file = None
        if settings.cache_disk_dir is not None:
            file = PurgeFile(settings.cache_disk_dir / "purges.log")
            await file.load(purges)
        bus = shared = leases = None
        if redis is not None:
            node = node_name(settings)
            bus = PurgeBus(redis, node=node, namespace=_NAMESPACE, timeout=_REDIS_SECONDS)
            # One for both: a Redis that does not answer costs a request its patience once.
            breaker = Breaker()
            shared = SharedPointers(
                redis, namespace=_NAMESPACE, timeout=_REDIS_SECONDS, breaker=breaker
            )
            leases = Leases(
                redis,
                namespace=_NAMESPACE,
                timeout=_REDIS_SECONDS,
                # Who waits for a holder that died must have time left to make the result.
                seconds=min(_LEASE_SECONDS, settings.timeout / 3),
                breaker=breaker,
            )
        purger = Purger(
            purges, tiers, file, bus, afterwards, node_name(settings), settings.pointer_ttl
        )
        pointers = Pointers(
            looking_at(sources),
            ttl=settings.pointer_ttl,
            negative_ttl=settings.negative_ttl,
            purges=purges,
            shared=shared,
        )
        stack.push_async_callback(pointers.close)
        flights: Flights[str, Made] = Flights(deadline=settings.timeout)
        stack.push_async_callback(flights.close)
        if bus is not None:
            await stack.enter_async_context(_running(bus, purger))
        caches = Caches(tiers, pointers, purges, purger, flights, leases, afterwards, behind)
        caches.go_by(
            timeout=settings.timeout,
            pointer_ttl=settings.pointer_ttl,
            negative_ttl=settings.negative_ttl,
        )
        yield caches


def looking_at(sources: Source) -> Callable[[str], Awaitable[Pointer]]:
    """How a pointer is made: a missing source is one, too."""

    async def look(reference: str) -> Pointer:
        checked = time.time()
        try:
            version = await sources.stat(reference)
        except SourceNotFound:
            return Pointer(None, None, None, None, checked)
        return Pointer(
            version.validator, version.size, version.modified, version.cache_control, checked
        )

    return look


def node_name(settings: Settings) -> str:
    return settings.node or f"{socket.gethostname()}:{settings.port or os.getpid()}"


async def _open_redis(settings: Settings, stack: AsyncExitStack) -> Redis | None:
    if settings.cache_redis_url is None:
        return None
    return await stack.enter_async_context(
        open_redis(settings.cache_redis_url, timeout=_REDIS_SECONDS, connections=_CONNECTIONS)
    )


async def _open_tiers(
    settings: Settings, redis: Redis | None, stack: AsyncExitStack
) -> tuple[list[Placed], WriteBehind | None]:
    """In the order in which they are asked: the nearest first."""
    placed: list[Placed] = []
    behind = None
    if settings.cache_memory_mb:
        memory = MemoryCache(int(settings.cache_memory_mb * _MEGABYTE))
        placed.append(Placed(Tier("memory", memory, framed=False), behind=False))
    if settings.cache_disk_dir is not None:
        disk = await stack.enter_async_context(
            open_disk(
                settings.cache_disk_dir,
                int(settings.cache_disk_mb * _MEGABYTE),
                timeout=_DISK_SECONDS,
            )
        )
        placed.append(Placed(Tier("disk", disk, framed=True)))
    if redis is not None:
        cache = redis_cache(redis, namespace=_NAMESPACE, timeout=_REDIS_SECONDS)
        cache.ttl = float(settings.cache_redis_ttl)
        largest = int(settings.cache_redis_max_kb * 1024)
        placed.append(
            Placed(Tier("redis", cache, framed=True, max_entry_bytes=largest), shared=True)
        )
    if settings.cache_results is not None:
        objects = await _open_objects(settings, stack)
        behind = await stack.enter_async_context(
            WriteBehind(
                lambda key, entry, ttl: objects.put(key, entry, ttl=ttl), deadline=_WRITE_SECONDS
            )
        )
        placed.append(Placed(objects, shared=True, offer=behind.offer))
    return placed, behind


async def _open_objects(settings: Settings, stack: AsyncExitStack) -> Tier:
    # Half a second of a start, for those alone who have such a tier.
    from origin.objects import open_objects

    bucket, prefix = parse_location(settings.cache_results or "")
    # Apart from the sources' client: neither must wait for the other's connections.
    cache = await stack.enter_async_context(
        open_objects(
            bucket,
            prefix,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            timeout=_OBJECTS_SECONDS,
            connections=_CONNECTIONS,
            max_entry_bytes=100 * _MEGABYTE,
        )
    )
    return Tier("objects", cache, framed=True, max_entry_bytes=100 * _MEGABYTE)


@asynccontextmanager
async def _running(bus: PurgeBus, purger: Purger) -> AsyncIterator[None]:
    loaded = asyncio.Event()
    task = asyncio.create_task(bus.run(purger.hear, loaded=loaded.set))
    try:
        # Results that were purged while this node was away must not be found meanwhile.
        with suppress(TimeoutError):
            await asyncio.wait_for(loaded.wait(), _JOIN_SECONDS)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
