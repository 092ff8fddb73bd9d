"""Figures of sources. Hosts are labels only where the settings name them: URLs may name any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from origin.kept_sources import KeptSources
from origin.metrics.sample import BREAKERS, Sample

OTHER_HOSTS: Final = "web"
_COUNTS: Final = ("calls", "failures", "refused")
_NOW: Final = ("in_use", "waiting")


def of_kept(sources: KeptSources) -> Iterator[Sample]:
    yield Sample("safelight_source_fetches_total", sources.fetched)
    yield Sample("safelight_source_shared_total", sources.shared)
    yield Sample("safelight_source_bytes_total", sources.fetched_bytes)


def of_stores(
    facts: Mapping[str, Mapping[str, Any]], forgotten: Mapping[str, int], listed: frozenset[str]
) -> Iterator[Sample]:
    """facts: by bucket or host. forgotten: counts of hosts that are not in there any more.

    listed: hosts that the settings name as they are.
    """
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*_COUNTS, *_NOW), 0))
    states: dict[str, int] = defaultdict(int)
    if forgotten:
        sums[OTHER_HOSTS].update(forgotten)
    for name, fares in facts.items():
        label = name if "://" in name or name in listed else OTHER_HOSTS
        for figure in (*_COUNTS, *_NOW):
            sums[label][figure] += fares[figure]
        states[label] = max(states[label], BREAKERS[fares["state"]])
    for label, figures in sums.items():
        for figure in _COUNTS:
            yield Sample(f"safelight_source_{figure}_total", figures[figure], (label,))
        for figure in _NOW:
            yield Sample(f"safelight_source_{figure}", figures[figure], (label,))
        yield Sample("safelight_source_breaker_state", states[label], (label,))
