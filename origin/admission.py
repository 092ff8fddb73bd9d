"""Who may begin work that costs: by how long it is foreseen to take, not by counting requests.

Work is admitted if it will be done in time, given all that was admitted before. Whatever would not
be is turned away at once, so that it costs nothing and its client can go elsewhere. Dear work, in
the main large AVIFs, never has all the workers: cheap work goes past it.

A queue may be long while a page loads. One that has stood for longer than it takes to work it off
is kept short: it makes everybody wait, and nobody gets more for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from origin.costs import Cost, Costs
from origin.errors import Overloaded

DEAR_MS: Final = 500.0
# Degrading begins where people would notice the wait, and ends when there is next to none.
_PRESSED_SECONDS: Final = 0.5
_RELIEVED_SECONDS: Final = 0.1
# How much of a request's time may pass before its work begins. Not all that the work leaves: what
# is foreseen may be wrong, and who is ended at the deadline has had a worker for nothing.
_MOST_WAIT: Final = 0.5
_MOST_STANDING_WAIT: Final = 0.2
# Of one lane, per worker. Each keeps a file open.
_MOST_COUNT: Final = 256


@dataclass(slots=True)
class _Lane:
    """Work that is admitted and not done yet."""

    ms: float = 0.0
    count: int = 0
    waiting_since: float | None = None


class Admission:
    """Of one pool of workers. max_bytes: of sources that are in hand at the same time; whatever it
    is set to holds for what comes from then on.
    """

    def __init__(
        self,
        workers: int,
        costs: Costs,
        *,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.costs = costs
        self.turned_away = 0
        self._workers = workers
        self.max_bytes = max_bytes
        self._bytes = 0
        self._cheap, self._dear = _Lane(), _Lane()
        self._pressed = False
        self._clock = clock

    @property
    def most_dear(self) -> int:
        """How many workers may be busy with dear work."""
        return max(1, self._workers - 1)

    def wait(self, *, dear: bool) -> float:
        """Seconds until work that came now would begin, as foreseen."""
        if dear:
            ms = self._dear.ms / self.most_dear + self._cheap.ms / self._workers
        else:
            free = self._workers - min(self._dear.count, self.most_dear)
            ms = self._cheap.ms / max(1, free)
        return ms / 1000

    @property
    def idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return self._cheap.count + self._dear.count < self._workers

    @property
    def queues(self) -> bool:
        """Whether who comes now has to wait."""
        return self.wait(dear=False) > _RELIEVED_SECONDS

    @property
    def pressed(self) -> bool:
        """Whether to give less than was asked for, so that everybody is given something."""
        limit = _RELIEVED_SECONDS if self._pressed else _PRESSED_SECONDS
        self._pressed = self.wait(dear=False) > limit
        return self._pressed

    def refuse_late(self, seconds: float, *, dear: bool = False, ms: float = 0.0) -> None:
        """Overloaded if work of so many milliseconds would not be done within `seconds`."""
        wait, lane = self.wait(dear=dear), self._lane(dear=dear)
        if wait <= _RELIEVED_SECONDS:
            lane.waiting_since = None
            return
        if lane.waiting_since is None:
            lane.waiting_since = self._clock()
        # One at work and one that waits for each worker, or it would have nothing to do in between.
        enough = lane.count >= 2 * (self.most_dear if dear else self._workers)
        standing = enough and self._clock() - lane.waiting_since > _MOST_WAIT * seconds
        most = (_MOST_STANDING_WAIT if standing else _MOST_WAIT) * seconds
        full = lane.count >= _MOST_COUNT * self._workers
        most = min(most, seconds_to_begin(ms, seconds))
        if full or wait > most:
            self.turned_away += 1
            raise Overloaded(
                f"expected to begin within {most:.1f} s of {seconds:.1f} (SAFELIGHT_TIMEOUT),"
                f" {lane.count} others come first, {wait:.1f} s",
                retry_after=math.ceil(wait),
            )

    @contextmanager
    def admitted(self, cost: Cost, *, source_bytes: int, seconds: float) -> Iterator[Cost]:
        """The work counts until the block is left; Overloaded if it cannot be done in time."""
        dear = is_dear(cost)
        self.refuse_late(seconds, dear=dear, ms=cost.ms)
        if self._bytes and self._bytes + source_bytes > self.max_bytes:
            self.turned_away += 1
            raise Overloaded(
                f"expected at most {self.max_bytes} bytes of sources in hand"
                f" (SAFELIGHT_MAX_IN_HAND_MB), got {self._bytes + source_bytes}"
            )
        lane = self._lane(dear=dear)
        lane.ms += cost.ms
        lane.count += 1
        self._bytes += source_bytes
        try:
            yield cost
        finally:
            lane.count -= 1
            # Sums of floats drift: with nothing left there is nothing left.
            lane.ms = max(0.0, lane.ms - cost.ms) if lane.count else 0.0
            self._bytes -= source_bytes

    def _lane(self, *, dear: bool) -> _Lane:
        return self._dear if dear else self._cheap

    def facts(self) -> dict[str, float]:
        """Work in hand, for people and machines."""
        return {
            "cheap": self._cheap.count,
            "dear": self._dear.count,
            "wait_s": round(self.wait(dear=False), 3),
            "dear_wait_s": round(self.wait(dear=True), 3),
            "bytes": self._bytes,
            "turned_away": self.turned_away,
        }


def seconds_to_begin(ms: float, seconds: float) -> float:
    """Until when work of so many milliseconds must have begun to be done in time, with something
    to spare.
    """
    return max(_RELIEVED_SECONDS, seconds - (ms + min(ms, 1000)) / 1000)


def is_dear(cost: Cost) -> bool:
    return cost.ms >= DEAR_MS
