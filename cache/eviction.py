"""What to forget when a cache is full: S3-FIFO (Yang et al., SOSP 2023), bounded by bytes.

    small   a tenth of the bytes: what is new. Asked for twice in there, it moves on to main
    main    the rest, a clock: what was asked for since the last round stays for another
    ghosts  names of what was thrown out of small; what comes back from there goes to main at once

What is asked for once, a crawl of the whole site, passes through small and leaves main alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_SMALL_SHARE = 10
# What is larger would throw out too much else for one hit.
_LARGEST_SHARE = 8
_MOST = 3
"""Frequencies are counted up to here."""
_ASKED_AGAIN = 2
_GHOSTS = 65_536
"""Some 8 MB of them."""
_SWEEP = 1024
"""One put must not hold the event loop while the hand goes round all of main three times."""


@dataclass(slots=True)
class _Resident:
    size: int
    frequency: int = 0


class S3Fifo:
    """Keys and sizes only; whoever keeps the values forgets those that are handed back."""

    def __init__(self, max_bytes: int) -> None:
        if max_bytes < 0:
            raise ValueError(f"max_bytes: expected 0 or more, got {max_bytes}")
        self.max_bytes = max_bytes
        self.largest_bytes = max_bytes // _LARGEST_SHARE
        self.bytes = 0
        self.evicted = 0
        self._small: OrderedDict[str, _Resident] = OrderedDict()
        self._main: OrderedDict[str, _Resident] = OrderedDict()
        self._small_bytes = 0
        # Hashes instead of keys: a collision lets a stranger into main, once.
        self._ghosts: OrderedDict[int, int] = OrderedDict()
        self._ghost_bytes = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._main)

    def __contains__(self, key: str) -> bool:
        return key in self._main or key in self._small

    def keys(self) -> list[str]:
        return [*self._small, *self._main]

    def admits(self, size: int) -> bool:
        """Whether something so large is kept at all."""
        return 1 <= size <= self.largest_bytes

    def touch(self, key: str) -> None:
        """The key was asked for; nothing happens if it is not there."""
        resident = self._main.get(key) or self._small.get(key)
        if resident is not None and resident.frequency < _MOST:
            resident.frequency += 1

    def add(self, key: str, size: int) -> list[str]:
        """Put the key in, or give it another size. The other keys that had to go for it."""
        if not self.admits(size):
            raise ValueError(f"{key}: expected a size that is admitted, got {size}")
        known = self._take(key)
        evicted = self.shrink(self.bytes + size - self.max_bytes)
        if known is not None:
            known[0].size = size
            self._put(key, *known)
        else:
            self._put(key, _Resident(size), self._main if self._was_ghost(key) else self._small)
        return evicted

    def remove(self, key: str) -> bool:
        """Whether it was there. Not a ghost afterwards: it did not go for want of room."""
        return self._take(key) is not None

    def shrink(self, by: int) -> list[str]:
        """Throw out at least so many bytes, or all there are. The keys that had to go."""
        goal = self.bytes - by
        evicted: list[str] = []
        while self.bytes > goal and len(self):
            if self._small and (
                self._small_bytes > self.max_bytes // _SMALL_SHARE or not self._main
            ):
                key, resident = self._small.popitem(last=False)
                self._small_bytes -= resident.size
                if resident.frequency >= _ASKED_AGAIN:
                    self._main[key] = _Resident(resident.size)
                    continue
                self._remember(key, resident.size)
            else:
                key, resident = self._hand()
            self.bytes -= resident.size
            evicted.append(key)
        self.evicted += len(evicted)
        return evicted

    def _hand(self) -> tuple[str, _Resident]:
        """The first in main that was not asked for since the last round."""
        for _ in range(_SWEEP):
            key, resident = next(iter(self._main.items()))
            if not resident.frequency:
                break
            resident.frequency -= 1
            self._main.move_to_end(key)
        return self._main.popitem(last=False)

    def _put(self, key: str, resident: _Resident, queue: OrderedDict[str, _Resident]) -> None:
        queue[key] = resident
        self.bytes += resident.size
        if queue is self._small:
            self._small_bytes += resident.size

    def _take(self, key: str) -> tuple[_Resident, OrderedDict[str, _Resident]] | None:
        for queue in (self._main, self._small):
            resident = queue.pop(key, None)
            if resident is not None:
                self.bytes -= resident.size
                if queue is self._small:
                    self._small_bytes -= resident.size
                return resident, queue
        return None

    def _was_ghost(self, key: str) -> bool:
        size = self._ghosts.pop(hash(key), None)
        self._ghost_bytes -= size or 0
        return size is not None

    def _remember(self, key: str, size: int) -> None:
        self._was_ghost(key)
        self._ghosts[hash(key)] = size
        self._ghost_bytes += size
        while self._ghost_bytes > self.max_bytes or len(self._ghosts) > _GHOSTS:
            self._ghost_bytes -= self._ghosts.popitem(last=False)[1]
