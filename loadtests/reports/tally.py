"""Counts of a load test, a second each, that processes send to one another and add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtests.reports.outcome import ANSWERED

MOST_SECONDS = 24 * 3600
"""What comes later than that is not counted: a tally must not grow for ever."""


@dataclass(frozen=True, slots=True)
class Tally:
    """counts: by second, kind of client and outcome. times: of answers, by second and milliseconds
    of two digits. sizes: bytes of answers, by second. Seconds are those of the epoch.
    """

    counts: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    times: Counter[tuple[int, float]] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)

    def add(
        self, second: int, kind: str, outcome: str, *, milliseconds: float, size: int = 0
    ) -> None:
        """One request that ended in this second."""
        if self.counts and second - min(self.counts)[0] > MOST_SECONDS:
            return
        self.counts[second, kind, outcome] += 1
        if outcome in ANSWERED:
            self.times[second, rounded(milliseconds)] += 1
            self.sizes[second] += size

    def take(self) -> dict[str, list[list[Any]]]:
        """All of it, as what goes through msgpack or JSON; nothing is left."""
        message: dict[str, list[list[Any]]] = {
            "counts": [[*key, count] for key, count in self.counts.items()],
            "times": [[*key, count] for key, count in self.times.items()],
            "sizes": [[second, size] for second, size in self.sizes.items()],
        }
        self.clear()
        return message

    def merge(self, message: Mapping[str, Iterable[Iterable[Any]]]) -> None:
        """Adds what another one took."""
        for second, kind, outcome, count in message["counts"]:
            self.counts[second, kind, outcome] += count
        for second, milliseconds, count in message["times"]:
            self.times[second, milliseconds] += count
        for second, size in message["sizes"]:
            self.sizes[second] += size

    def clear(self) -> None:
        self.counts.clear()
        self.times.clear()
        self.sizes.clear()


def rounded(milliseconds: float) -> float:
    """To two digits, so that a second holds few different ones."""
    return float(f"{milliseconds:.2g}")


def percentile(times: Mapping[float, int], share: float) -> float | None:
    """The time within which this share was done; None if there was none."""
    due = share * sum(times.values())
    done = 0
    for milliseconds in sorted(times):
        done += times[milliseconds]
        if done >= due:
            return milliseconds
    return None
