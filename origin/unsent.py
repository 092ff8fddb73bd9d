"""Answers that their clients have not taken yet: who takes too slowly, and what that holds.

A picture stays in memory until all of it is taken, whatever the cache has dropped meanwhile; one
that several clients are taking is there once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

# Who has just begun counts as one that takes this much in a second.
_CREDIT = 65536


class Taker(Protocol):
    def untaken(self) -> int:
        """Bytes that were written and have not arrived at the client."""


T = TypeVar("T", bound=Taker)


@dataclass(slots=True)
class _Answer:
    """left: bytes that were not taken at `looked`. size: not taken at `since`."""

    body: bytes
    size: int
    since: float
    left: int
    looked: float


class Unsent(Generic[T]):
    """One answer for each client: nothing is written behind what is not taken.

    floor: bytes a second, on average over `seconds`, or all that is left.
    """

    def __init__(self, *, max_bytes: int, floor: int, seconds: float) -> None:
        self._max_bytes = max_bytes
        self._floor = floor
        self._seconds = seconds
        self._answers: dict[T, _Answer] = {}
        self._holders: dict[int, int] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, taker: T, body: bytes, now: float) -> None:
        """The body, of which some is left to take."""
        left = taker.untaken()
        self._answers[taker] = _Answer(body, left, now, left, now)
        holders = self._holders.get(id(body), 0)
        self._holders[id(body)] = holders + 1
        if not holders:
            self.bytes += len(body)

    def remove(self, taker: T) -> None:
        answer = self._answers.pop(taker, None)
        if answer is None:
            return
        holders = self._holders.pop(id(answer.body)) - 1
        if holders:
            self._holders[id(answer.body)] = holders
        else:
            self.bytes -= len(answer.body)

    def remove_slow(self, now: float) -> list[T]:
        """Those who took less than the floor."""
        slow = [taker for taker, answer in self._answers.items() if self._slow(taker, answer, now)]
        for taker in slow:
            self.remove(taker)
        return slow

    def remove_excess(self, now: float) -> list[T]:
        """The slowest, if more is held than may be, until it is no more."""
        removed: list[T] = []
        if self.bytes <= self._max_bytes:
            return removed
        for taker in sorted(self._answers, key=lambda taker: self._rate(taker, now)):
            if self.bytes <= self._max_bytes:
                break
            self.remove(taker)
            removed.append(taker)
        return removed

    def _slow(self, taker: T, answer: _Answer, now: float) -> bool:
        elapsed = now - answer.looked
        if elapsed < self._seconds:
            return False
        before, answer.left = answer.left, taker.untaken()
        answer.looked = now
        return before - answer.left < self._floor * elapsed

    def _rate(self, taker: T, now: float) -> float:
        answer = self._answers[taker]
        taken = answer.size - taker.untaken()
        return (taken + _CREDIT) / (now - answer.since + 1)
