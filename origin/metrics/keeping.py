"""Figures of what is kept: results in tiers, versions of sources, purges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from cache.pointers import Pointers
from cache.purges import Purges
from cache.tier import Tier
from cache.tiers import Tiers
from cache.write_behind import Counts, WriteBehind
from origin.metrics.sample import BREAKERS, Pair, Sample

READS: Final = ("hit", "miss", "corrupt", "failed", "timeout", "skipped")
WRITES: Final = ("stored", "too_large", "declined", "dropped", "failed", "timeout", "skipped")
_EITHER: Final = frozenset(READS) & frozenset(WRITES)
_NOTHING: Final = Counts(0, 0, 0, 0, 0)


def of_tiers(tiers: Tiers) -> Iterator[Sample]:
    for tier in tiers:
        yield from _of_tier(tier)


def of_writes(behind: WriteBehind | None) -> Iterator[Sample]:
    counts = asdict(_NOTHING if behind is None else behind.counts)
    yield Sample("safelight_write_behind_queued", counts.pop("queued"))
    for result, count in counts.items():
        yield Sample("safelight_write_behind_total", count, (result,))


def of_pointers(pointers: Pointers, purges: Purges) -> Iterator[Sample]:
    for event in ("look", "revalidation", "stale", "shared"):
        yield Sample("safelight_pointers_total", pointers.counts[event], (event,))
    yield Sample("safelight_purges_total", purges.version)


def _of_tier(tier: Tier) -> Iterator[Sample]:
    name = tier.name
    for result in READS:
        count = tier.counts[result] - (tier.failed_writes[result] if result in _EITHER else 0)
        yield Sample("safelight_tier_reads_total", count, (name, result))
    for result in WRITES:
        count = tier.failed_writes[result] if result in _EITHER else tier.counts[result]
        yield Sample("safelight_tier_writes_total", count, (name, result))
    for side, spent, breaker in (
        ("reads", tier.reads, tier.breaker),
        ("writes", tier.writes, tier.write_breaker),
    ):
        yield Sample("safelight_tier_seconds", Pair(spent.calls, spent.seconds), (name, side))
        yield Sample("safelight_tier_breaker_state", BREAKERS[breaker.state], (name, side))
    yield Sample("safelight_tier_promoted_total", tier.counts["promoted"], (name,))
    if (fill := tier.fill) is not None:
        yield Sample("safelight_tier_bytes", fill.bytes, (name,))
        yield Sample("safelight_tier_max_bytes", fill.max_bytes, (name,))
        yield Sample("safelight_tier_entries", fill.entries, (name,))
        yield Sample("safelight_tier_evicted_total", fill.evicted, (name,))
