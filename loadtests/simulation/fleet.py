"""Nodes with the caches of the real server, and what becomes of a traffic among them.

Each node's memory and disk forget by the server's own S3-FIFO. Redis and the object store belong to
all nodes. What was found below is copied above, as the server does it. Nothing here takes time: it
tells who would answer, not how fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cache.eviction import S3Fifo
from cache.memory import OVERHEAD
from loadtests.simulation.ring import Ring
from loadtests.simulation.traffic import Request

Size = Callable[[Request], int]
TIERS = ("memory", "disk", "redis", "objects", "made")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes of each tier; 0 is none. objects: whether there is a store, which forgets nothing.
    redis_largest: bytes of a result that goes there.
    """

    memory: int = 256 << 20
    disk: int = 0
    redis: int = 0
    objects: bool = False
    redis_largest: int = 128 << 10


@dataclass(frozen=True, slots=True)
class Change:
    """Before request number `at`, a node joins with empty caches, or leaves."""

    at: int
    node: str
    joins: bool


@dataclass(slots=True)
class Tally:
    """Answers by tier, in all and of every `stretch` requests. loads: requests by node."""

    stretch: int
    answers: Counter[str] = field(default_factory=Counter)
    stretches: list[Counter[str]] = field(default_factory=list)
    loads: Counter[str] = field(default_factory=Counter)

    def count(self, number: int, node: str, tier: str) -> None:
        if number % self.stretch == 0:
            self.stretches.append(Counter())
        self.stretches[-1][tier] += 1
        self.answers[tier] += 1
        self.loads[node] += 1

    def ratios(self, *, after: int = 0) -> Mapping[str, float]:
        """The share of each tier, the first `after` stretches left out."""
        counted = sum(self.stretches[after:], Counter[str]())
        total = sum(counted.values()) or 1
        return {tier: counted[tier] / total for tier in TIERS}


class Fleet:
    def __init__(self, nodes: Iterable[str], capacity: Capacity, *, factor: float = 0.0) -> None:
        self._capacity = capacity
        self._ring = Ring((), factor=factor)
        self._memory: dict[str, S3Fifo] = {}
        self._disk: dict[str, S3Fifo] = {}
        self._redis = S3Fifo(capacity.redis)
        self._objects: set[str] = set()
        for node in nodes:
            self.join(node)

    def join(self, node: str) -> None:
        self._ring.join(node)
        self._memory[node] = S3Fifo(self._capacity.memory)
        self._disk[node] = S3Fifo(self._capacity.disk)

    def leave(self, node: str) -> None:
        self._ring.leave(node)
        del self._memory[node], self._disk[node]

    def ask(self, request: Request, size: int) -> tuple[str, str]:
        """The node that is asked, and the tier that answers."""
        node = self._ring.place(str(request.source))
        key = "/".join(map(str, request.variant))
        own = [
            ("memory", self._memory[node], size + OVERHEAD),
            ("disk", self._disk[node], -(-size // 4096) * 4096),
        ]
        if size <= self._capacity.redis_largest:
            own.append(("redis", self._redis, size))
        found = "objects" if key in self._objects else "made"
        missed: list[tuple[S3Fifo, int]] = []
        for name, tier, bytes_ in own:
            if key in tier:
                tier.touch(key)
                found = name
                break
            missed.append((tier, bytes_))
        if self._capacity.objects:
            self._objects.add(key)
        for tier, bytes_ in missed:
            if tier.admits(bytes_):
                tier.add(key, bytes_)
        return node, found


def simulate(
    fleet: Fleet,
    requests: Iterable[Request],
    size: Size,
    *,
    changes: Iterable[Change] = (),
    stretch: int = 10_000,
) -> Tally:
    """size: bytes of a result."""
    due = sorted(changes, key=lambda change: change.at)
    tally = Tally(stretch)
    for number, request in enumerate(requests):
        while due and due[0].at <= number:
            change = due.pop(0)
            (fleet.join if change.joins else fleet.leave)(change.node)
        tally.count(number, *fleet.ask(request, size(request)))
    return tally
