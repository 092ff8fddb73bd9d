"""What an edge cannot do, and why: the tests of it skip, and the README says the same."""

from __future__ import annotations

import pytest

from tests.edge.edges import Edge

CANNOT: dict[tuple[str, str], str] = {
    ("envoy", "signature"): "no keyed hash in its filters; the origins refuse without any I/O",
    ("envoy", "stale-if-error"): "a copy that is over is dropped before the origin has answered",
    ("envoy", "stale-while-revalidate"): "its cache knows no stale copies",
    ("envoy", "conditions"): "its cache answers `If-None-Match` with the whole picture",
    ("envoy", "purge"): "its cache has none: short lifetimes, or a new `cache_path`",
}


def needs(edge: Edge, claim: str) -> None:
    """Skips the test if the edge cannot do this."""
    reason = CANNOT.get((edge.name, claim))
    if reason is not None:
        pytest.skip(f"{edge.name}, {claim}: {reason}")
