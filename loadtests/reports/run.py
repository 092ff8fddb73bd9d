"""A load test that is over, and what it was like in stretches of its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self

from loadtests.reports.outcome import ANSWERED, HITS, PICTURES
from loadtests.reports.tally import Tally, percentile

_MOST_BINS = 150


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one second to another, since the start. outcomes: how many of each. times: of answers,
    in milliseconds.
    """

    name: str
    start: int
    end: int
    outcomes: Counter[str]
    times: Counter[float]
    size: int

    @classmethod
    def of(cls, tally: Tally, name: str, start: int, end: int, *, began: int) -> Self:
        outcomes, times = Counter[str](), Counter[float]()
        for (second, _, outcome), count in tally.counts.items():
            if start <= second - began < end:
                outcomes[outcome] += count
        for (second, milliseconds), count in tally.times.items():
            if start <= second - began < end:
                times[milliseconds] += count
        size = sum(n for second, n in tally.sizes.items() if start <= second - began < end)
        return cls(name, start, end, outcomes, times, size)

    @property
    def seconds(self) -> int:
        return max(1, self.end - self.start)

    @property
    def answered(self) -> int:
        return sum(self.outcomes[outcome] for outcome in ANSWERED)

    @property
    def goodput(self) -> float:
        """Pictures and 304s a second."""
        return self.answered / self.seconds

    def share(self, *outcomes: str) -> float | None:
        """Of the pictures that came; None if none came."""
        pictures = sum(self.outcomes[outcome] for outcome in PICTURES)
        return sum(self.outcomes[outcome] for outcome in outcomes) / pictures if pictures else None

    @property
    def hit_ratio(self) -> float | None:
        return self.share(*HITS)

    def within(self, share: float) -> float | None:
        """Milliseconds in which this share of the answers came."""
        return percentile(self.times, share)


@dataclass(frozen=True, slots=True)
class Run:
    """began: second of the epoch. stages: name, and second since then at which it was to begin."""

    scenario: str
    began: int
    stages: Sequence[tuple[str, float]]
    tally: Tally
    users: int = 0
    origins: Sequence[str] = ()

    @property
    def seconds(self) -> int:
        """Until the last request ended."""
        return (
            max((second for second, *_ in self.tally.counts), default=self.began) + 1 - self.began
        )

    @property
    def reached(self) -> list[tuple[str, int]]:
        """The stages that began before the run ended; somebody may have ended it early."""
        return [(name, round(start)) for name, start in self.stages if round(start) < self.seconds]

    def bins(self) -> list[Stretch]:
        """Equal ones, for plots and the CSV: a second each, longer in long runs."""
        width = ceil(self.seconds / _MOST_BINS)
        return [
            self._stretch(self.stage_at(start), start, start + width)
            for start in range(0, self.seconds, width)
        ]

    def by_stage(self) -> list[Stretch]:
        ends = [*(start for _, start in self.reached[1:]), self.seconds]
        return [
            self._stretch(name, start, end)
            for (name, start), end in zip(self.reached, ends, strict=True)
        ]

    def whole(self) -> Stretch:
        return self._stretch("all", 0, self.seconds)

    def by_kind(self) -> dict[str, Counter[str]]:
        """Kind of client → how many of each outcome."""
        kinds: dict[str, Counter[str]] = {}
        for (_, kind, outcome), count in sorted(self.tally.counts.items()):
            kinds.setdefault(kind, Counter())[outcome] += count
        return kinds

    def stage_at(self, second: float) -> str:
        entered = [name for name, start in self.reached if start <= second]
        return entered[-1] if entered else ""

    def _stretch(self, name: str, start: int, end: int) -> Stretch:
        return Stretch.of(self.tally, name, start, end, began=self.began)
