"""All figures of one server, from where each is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from origin.metrics.exposition import of_build
from origin.metrics.keeping import of_pointers, of_tiers, of_writes
from origin.metrics.requests import of_connections, of_limits, of_requests
from origin.metrics.sample import Sample
from origin.metrics.sources import of_kept, of_stores
from origin.metrics.work import of_admission, of_costs, of_flights, of_stages, of_workers
from origin.services import Services

if TYPE_CHECKING:
    from origin.spans import Traces


def of_server(
    services: Services, connections: Mapping[str, Any], *, ready: bool, now: float
) -> Iterator[Sample]:
    """connections: facts of the image port's. now: by the event loop's clock."""
    caches, variants = services.caches, services.variants
    admission = variants.renderer.admission
    yield from of_requests(variants.meter, connections.get("refusals", {}))
    yield from of_limits(services.ledgers.refused)
    yield from of_stages(variants.meter)
    yield from of_costs(admission.costs)
    yield from of_flights(caches.flights, variants.claims)
    yield from of_workers(services.workers, stalls=services.watchdog.stalls, now=now)
    yield from of_admission(admission)
    yield from of_tiers(caches.tiers)
    yield from of_writes(caches.written_behind)
    yield from of_pointers(caches.pointers, caches.purges)
    yield from of_kept(services.sources)
    yield from of_stores(
        services.stores.facts(), services.stores.forgotten, frozenset(services.settings.http_allow)
    )
    yield from of_connections(connections)
    yield from _of_traces(services.traces)
    yield Sample("safelight_ready", int(ready))
    yield from of_build()


def _of_traces(traces: Traces | None) -> Iterator[Sample]:
    counts = {"made": 0, "sent": 0, "lost": 0}
    if traces is not None:
        counts = {"made": traces.made, "sent": traces.exports.sent, "lost": traces.exports.lost}
    for result, count in counts.items():
        yield Sample("safelight_trace_spans_total", count, (result,))
