"""How long the stages of one piece of work took.

version   looks at the source for its present version, where a request waits for them
look      looks into the tiers below memory, and waiting for another node that makes the same
queue     waiting for a worker
fetch     the source, whole
decode    ┐
process   ├ measured by the worker
encode    ┘
store     keeping the result as far as the answer waits for that
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

STAGES: Final = ("version", "look", "fetch", "queue", "decode", "process", "encode", "store")
IN_WORKER: Final = ("decode", "process", "encode")

Observe = Callable[[str, float], None]


class Timed(NamedTuple):
    """One stage, by the clock of its stopwatch. Work that is tried again has some twice."""

    stage: str
    start: float
    end: float


class Stages:
    """A stopwatch. observe: told each stage and its seconds as soon as it is over.

    foreseen_ms: what the render was expected to cost, if there was one.
    """

    __slots__ = ("_clock", "_observe", "foreseen_ms", "timed")

    def __init__(
        self, observe: Observe | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.timed: list[Timed] = []
        self.foreseen_ms: float | None = None
        self._observe = observe
        self._clock = clock

    def now(self) -> float:
        return self._clock()

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """The block is the stage, however it ends."""
        start = self._clock()
        try:
            yield
        finally:
            self.add(stage, start, self._clock())

    def add(self, stage: str, start: float, end: float) -> None:
        self.timed.append(Timed(stage, start, end))
        if self._observe is not None:
            self._observe(stage, end - start)

    def worked(self, took: Mapping[str, float]) -> None:
        """What a worker said just now of the job it did, in seconds by stage, one after another."""
        start = self._clock() - sum(took.values())
        for stage in IN_WORKER:
            if stage in took:
                self.add(stage, start, start + took[stage])
                start += took[stage]

    @property
    def ms(self) -> dict[str, float]:
        """Milliseconds by stage; only of those that there were."""
        sums: dict[str, float] = {}
        for timed in self.timed:
            sums[timed.stage] = sums.get(timed.stage, 0.0) + (timed.end - timed.start) * 1000
        return {stage: round(sums[stage], 2) for stage in STAGES if stage in sums}
