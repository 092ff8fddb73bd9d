"""Consistent hashing of sources to nodes, with a bound to what one node is given.

Points on a ring as in ketama (nginx's `hash … consistent`), the bound of Mirrokni, Thorup and
Zadimoghaddam (2018), as Envoy's and HAProxy's bounded loads have it: a node that has more than
`factor` times the mean passes what comes on to the next one on the ring.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from hashlib import blake2b

_POINTS = 160


class Ring:
    """factor: 1.25 lets a node have a quarter more than the mean of the last `window` requests;
    0 is no bound.
    """

    def __init__(self, nodes: Iterable[str], *, factor: float = 0.0, window: int = 1000) -> None:
        if factor and factor <= 1:
            raise ValueError(f"factor: expected more than 1, or 0 for no bound, got {factor}")
        self.factor = factor
        self._window: deque[str] = deque(maxlen=window)
        self._load: Counter[str] = Counter()
        self._points: list[tuple[int, str]] = []
        self._names: frozenset[str] = frozenset()
        for node in nodes:
            self.join(node)

    @property
    def nodes(self) -> frozenset[str]:
        return self._names

    def join(self, node: str) -> None:
        self._points += [(_hash(f"{node}#{number}"), node) for number in range(_POINTS)]
        self._points.sort()
        self._names |= {node}

    def leave(self, node: str) -> None:
        self._points = [point for point in self._points if point[1] != node]
        self._names -= {node}

    def place(self, source: str) -> str:
        """Who is given the request; ValueError without nodes."""
        if not self._points:
            raise ValueError("expected a ring with nodes, got none")
        first = next(self._from(source))
        chosen = next((node for node in self._from(source) if self._has_room(node)), first)
        if len(self._window) == self._window.maxlen:
            self._load[self._window[0]] -= 1
        self._window.append(chosen)
        self._load[chosen] += 1
        return chosen

    def _from(self, source: str) -> Iterator[str]:
        """Every node, in the order of the ring from the source's place on."""
        start = bisect(self._points, (_hash(source), ""))
        seen: set[str] = set()
        for step in range(len(self._points)):
            node = self._points[(start + step) % len(self._points)][1]
            if node not in seen:
                seen.add(node)
                yield node

    def _has_room(self, node: str) -> bool:
        if not self.factor:
            return True
        # One more than the mean counts what is to be placed now.
        mean = (len(self._window) + 1) / len(self._names)
        return self._load[node] + 1 <= max(1.0, self.factor * mean)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
