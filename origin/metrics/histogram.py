"""Observations counted by size, cheap enough for the fast path: no lock, as one thread counts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from math import inf


class Histogram:
    """bounds: upper and inclusive, ascending; what is above the last is counted, too."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Each bound and how many were no larger; the last is infinite, and counts them all."""
        return zip((*self.bounds, inf), accumulate(self.counts), strict=True)
