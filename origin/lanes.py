"""What waits for a worker, and who is next: cheap work goes past dear work, and both past the rest.

CHEAP   as many at a time as there are workers
DEAR    never all workers, if there are several
DRAWN   vector graphics, one at a time: how long they take, nobody foresees
LATER   for when there is nothing else to do
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from origin.errors import Overloaded
from origin.picture_file import PictureFile

# Orders that may wait in a lane per worker; more are turned away at once.
_QUEUE_PER_WORKER: Final = 256


class Lane(Enum):
    CHEAP = "cheap"
    DEAR = "dear"
    DRAWN = "drawn"
    LATER = "later"


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A packed job, the pictures that it needs, and who waits for its answer."""

    job: bytes
    files: tuple[PictureFile, ...]
    lane: Lane
    since: float
    started: Callable[[], None]
    answer: asyncio.Future[tuple[bytes, bytes]]
    begin_by: float = math.inf

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Lanes:
    """Of one pool of so many workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._shares = {Lane.DEAR: max(1, workers - 1), Lane.DRAWN: 1}
        self._waiting: dict[Lane, deque[Order]] = {lane: deque() for lane in Lane}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Order]:
        for waiting in self._waiting.values():
            yield from waiting

    @property
    def since(self) -> float | None:
        """When the one came that waits longest; None if nobody waits."""
        first = (waiting[0].since for waiting in self._waiting.values() if waiting)
        return min(first, default=None)

    def refuse_full(self, lane: Lane) -> None:
        """Overloaded if there is no room in the lane."""
        waiting = len(self._waiting[lane])
        if waiting >= self._workers * _QUEUE_PER_WORKER:
            raise Overloaded(f"{waiting} requests wait for {self._workers} workers")

    def join(self, order: Order) -> None:
        self._waiting[order.lane].append(order)

    def go_back(self, order: Order) -> None:
        """Its turn was for nothing, and comes first again."""
        self._waiting[order.lane].appendleft(order)

    def leave(self, order: Order) -> None:
        """Nothing, if it does not wait."""
        if order in self._waiting[order.lane]:
            self._waiting[order.lane].remove(order)

    def take(self, busy: Iterable[Order]) -> Order | None:
        """Who waits longest of those whose lane has not its share of the workers already."""
        at_work = [order.lane for order in busy]
        free = [
            waiting
            for lane, waiting in self._waiting.items()
            if waiting and lane is not Lane.LATER
            if lane not in self._shares or at_work.count(lane) < self._shares[lane]
        ]
        if free:
            return min(free, key=lambda waiting: waiting[0].since).popleft()
        later = self._waiting[Lane.LATER]
        return later.popleft() if later else None
