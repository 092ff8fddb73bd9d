"""One figure at the time of a scrape."""

from __future__ import annotations

from typing import Final, NamedTuple

from origin.metrics.histogram import Histogram


class Pair(NamedTuple):
    """How many there were, and what they came to."""

    number: int
    total: float


class Sample(NamedTuple):
    """name: of the catalogue. labels: their values, in its order."""

    name: str
    value: float | Histogram | Pair
    labels: tuple[str, ...] = ()


BREAKERS: Final = {"closed": 0, "half-open": 1, "open": 2}
