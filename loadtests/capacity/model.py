"""The formula of the capacity table.

    origin requests   visits x (1 - CDN hit ratio)
    renders           origin requests x (1 - what the tiers answer)
    cores             sum of requests x CPU seconds of each way to answer / utilisation
    nodes             cores / cores of a node, and one to spare
    memory            nodes x (server + memory tier) + cores x resident size of a worker
    bandwidth         requests x mean bytes x 8
    storage           sources x live variants x mean bytes

Cores are of this server alone, without the CDN, Redis and the stores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU milliseconds. hit: by tier. miss: of a request that renders, in the server. render: in
    the worker, by format.
    """

    hit: Mapping[str, float]
    miss: float
    render: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no measurement of one node tells. Ratios are shares of 1.

    tiers: of the requests that reach the origin; the rest is rendered. formats: of the renders.
    utilisation: 0.6 is what leaves next to no queue with four cores and more.
    """

    cdn_hit: float = 0.95
    tiers: Mapping[str, float] = field(
        default_factory=lambda: {"memory": 0.3, "disk": 0.3, "objects": 0.2}
    )
    formats: Mapping[str, float] = field(
        default_factory=lambda: {"avif": 0.2, "webp": 0.7, "jpg": 0.1}
    )
    utilisation: float = 0.6
    node_cores: int = 8
    mean_bytes: float = 60e3
    sources: float = 100e6
    variants: float = 6.0
    server_bytes: float = 200e6
    memory_tier_bytes: float = 2e9
    worker_bytes: float = 512e6

    def __post_init__(self) -> None:
        if not 0 <= self.cdn_hit < 1 or sum(self.tiers.values()) > 1 + 1e-9:
            raise ValueError(
                "expected hit ratios between 0 and 1, and tiers that answer no more than all,"
                f" got {self.cdn_hit:g} and {dict(self.tiers)}"
            )
        if abs(sum(self.formats.values()) - 1) > 1e-6:
            raise ValueError(f"expected shares of formats that add up to 1, got {self.formats}")


@dataclass(frozen=True, slots=True)
class Need:
    """Bandwidths in bits per second, sizes in bytes."""

    visits: float
    origin: float
    renders: float
    cores: float
    nodes: int
    memory: float
    edge_bandwidth: float
    origin_bandwidth: float
    storage: float


def cpu_seconds(requests: Mapping[str, float], renders: Mapping[str, float], costs: Costs) -> float:
    """Of so many requests by tier (`made` for what was rendered) and renders by format.

    KeyError for a tier or format that was not measured.
    """
    hits = sum(count * costs.hit[tier] for tier, count in requests.items() if tier != "made")
    misses = requests.get("made", 0.0) * costs.miss
    return (hits + misses + sum(n * costs.render[name] for name, n in renders.items())) / 1000


def need(visits: float, costs: Costs, assumed: Assumptions) -> Need:
    """For so many requests per second at the CDN."""
    origin = visits * (1 - assumed.cdn_hit)
    made = max(0.0, 1 - sum(assumed.tiers.values()))
    requests = {tier: origin * share for tier, share in assumed.tiers.items()}
    renders = {name: origin * made * share for name, share in assumed.formats.items()}
    busy = cpu_seconds({**requests, "made": origin * made}, renders, costs)
    cores = busy / assumed.utilisation
    nodes = math.ceil(cores / assumed.node_cores) + 1
    return Need(
        visits=visits,
        origin=origin,
        renders=origin * made,
        cores=cores,
        nodes=nodes,
        memory=nodes
        * (
            assumed.server_bytes
            + assumed.memory_tier_bytes
            + assumed.node_cores * assumed.worker_bytes
        ),
        edge_bandwidth=visits * assumed.mean_bytes * 8,
        origin_bandwidth=origin * assumed.mean_bytes * 8,
        storage=assumed.sources * assumed.variants * assumed.mean_bytes,
    )
