"""Figures that are read where they are counted."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiocache.backends.memory import SimpleMemoryCache
from aiocache.serializers import NullSerializer

from cache.breaker import Breaker
from cache.entry import Entry
from cache.tier import Tier
from cache.tiers import Placed, Tiers
from origin.metrics.exposition import Exposition
from origin.metrics.histogram import Histogram
from origin.metrics.keeping import of_tiers
from origin.metrics.lag import watching_lag
from origin.metrics.meter import LAG_BOUNDS
from origin.metrics.sample import Sample
from origin.metrics.sources import of_stores
from origin.sources.errors import SourceUnavailable
from origin.sources.guarded_hosts import GuardedHosts
from origin.sources.source import Blob, Version

ENTRY = Entry(b"body", "image/webp", "webp", 1, 1, 1, 2, 2, "result", 0.0)


class Web:
    """A source that never answers well."""

    async def stat(self, key: str) -> Version:
        raise SourceUnavailable(key)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        raise SourceUnavailable(key)


class Full(SimpleMemoryCache):
    async def set(self, *_: Any, **__: Any) -> bool:
        raise OSError("no room")


async def test_hosts_that_no_setting_names_are_one_source_and_none_is_forgotten() -> None:
    hosts = GuardedHosts(Web(), connections=2, timeout=1, most=2)
    for host in ("listed.example", "a.example", "b.example", "c.example", "listed.example"):
        with pytest.raises(SourceUnavailable):
            await hosts.stat(f"https://{host}/x.jpg")

    samples = figures(of_stores(hosts.facts(), hosts.forgotten, frozenset({"listed.example"})))

    calls = samples["safelight_source_calls_total"]
    assert calls.keys() == {("listed.example",), ("web",)}
    assert sum(calls.values()) == 5
    assert sum(samples["safelight_source_failures_total"].values()) == 5


async def test_failures_of_reads_and_of_writes_are_told_apart() -> None:
    cache = Full(serializer=NullSerializer())  # type: ignore[no-untyped-call]
    tier = Tier("disk", cache, framed=True, write_breaker=Breaker(failures=1))
    await tier.get("a/b")
    await tier.put("a/b", ENTRY)
    await tier.put("a/b", ENTRY)

    samples = figures(of_tiers(Tiers([Placed(tier)])))

    reads, writes = samples["safelight_tier_reads_total"], samples["safelight_tier_writes_total"]
    assert {result: count for (_, result), count in reads.items() if count} == {"miss": 1}
    assert {result: count for (_, result), count in writes.items() if count} == {
        "failed": 1,
        "skipped": 1,
    }
    assert samples["safelight_tier_breaker_state"] == {("disk", "reads"): 0, ("disk", "writes"): 2}
    assert "safelight_tier_bytes" not in samples


async def test_a_loop_that_stands_still_is_late() -> None:
    lag = Histogram(LAG_BOUNDS)

    async with watching_lag(lag, seconds=0.01):
        await asyncio.sleep(0.02)
        time.sleep(0.3)  # noqa: ASYNC251
        await asyncio.sleep(0.05)

    late = sum(lag.counts[LAG_BOUNDS.index(0.25) :])
    assert late >= 1


@pytest.mark.parametrize("sample", [Sample("made_up", 1), Sample("safelight_ready", 1, ("more",))])
def test_nothing_is_exported_that_is_not_in_the_catalogue(sample: Sample) -> None:
    expose = Exposition(lambda: [sample])

    with pytest.raises((KeyError, ValueError)):
        expose("")


def figures(samples: Any) -> dict[str, dict[tuple[str, ...], Any]]:
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    for sample in samples:
        found.setdefault(sample.name, {})[sample.labels] = sample.value
    return found
