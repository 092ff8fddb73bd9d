"""Figures of requests and connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from origin.metrics.meter import NONE, Meter
from origin.metrics.outcomes import OF_CODE
from origin.metrics.sample import Sample

POLICIES: Final = ("client", "key")


def of_requests(meter: Meter, refusals: Mapping[str, int]) -> Iterator[Sample]:
    """refusals: by code, of requests that no application has seen."""
    refused = Counter({code: count for code, count in refusals.items() if code in OF_CODE})
    outside = Counter[str]()
    for code, count in refused.items():
        outside[OF_CODE[code]] += count
    sent = Counter[str]()
    for labels, cell in meter.cells.items():
        outcome, label, tier = labels
        bare = label == NONE and tier == NONE
        yield Sample(
            "safelight_requests_total", cell.count + (outside[outcome] if bare else 0), labels
        )
        sent[label] += cell.bytes
    for labels2, seconds in meter.seconds.items():
        yield Sample("safelight_request_seconds", seconds, labels2)
    yield Sample("safelight_requests_in_progress", meter.in_progress)
    for label, size in sent.items():
        yield Sample("safelight_response_bytes_total", size, (label,))
    errors = meter.errors + refused
    for code in (*OF_CODE, "other"):
        yield Sample("safelight_errors_total", errors[code], (code,))


def of_limits(refused: Mapping[str, int]) -> Iterator[Sample]:
    for policy in POLICIES:
        yield Sample("safelight_rate_limited_total", refused.get(policy, 0), (policy,))


def of_connections(facts: Mapping[str, Any]) -> Iterator[Sample]:
    """facts: of `Connections`; of a port that nobody counts there are none."""
    for state in ("open", "idle", "taking"):
        yield Sample("safelight_connections", facts.get(state, 0), (state,))
    yield Sample("safelight_connections_most", facts.get("most", 0))
    for reason in ("refused", "gave_way", "cut_slow"):
        yield Sample("safelight_connections_ended_total", facts.get(reason, 0), (reason,))
    yield Sample("safelight_unsent_bytes", facts.get("unsent_bytes", 0))
