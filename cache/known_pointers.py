"""The pointers in a node's memory: the last used, and not purged since they were looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from cache.pointer import Pointer
from cache.purges import Purges

_SHORTEST_REST, _LONGEST_REST = 1.0, 30.0


class Known(NamedTuple):
    """generation: of the source when the look began. rest: seconds without a look after it failed,
    0 if it did not.
    """

    pointer: Pointer
    generation: int
    rest: float = 0.0
    rests_until: float = 0.0

    def rests(self, now: float) -> bool:
        return 0 < self.rests_until - now <= self.rest


class KnownPointers:
    """A pointer from the future, by a clock that was set back or by another node's, is from now."""

    def __init__(self, purges: Purges, *, most: int, clock: Callable[[], float]) -> None:
        self._purges = purges
        self._most = most
        self._clock = clock
        self._known: OrderedDict[str, Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, reference: str) -> Known | None:
        """What is known, however old; None if it was purged."""
        known = self._known.get(reference)
        if known is None:
            return None
        generation = self._purges.of_source(reference)
        # What was looked at after a purge counts, even if that purge came from a fast clock.
        if generation != known.generation and before(known.pointer, generation):
            return None
        now = self._clock()
        if known.pointer.checked > now:
            known = known._replace(pointer=replace(known.pointer, checked=now))
            self._known[reference] = known
        self._known.move_to_end(reference)
        return known

    def keep(self, reference: str, pointer: Pointer, generation: int) -> Pointer:
        """The newest of what was known and of this."""
        now = self._clock()
        pointer = pointer if pointer.checked <= now else replace(pointer, checked=now)
        known = self._known.get(reference)
        if known is not None:
            checked = min(known.pointer.checked, now)
            if (known.generation, checked) > (generation, pointer.checked):
                return known.pointer
        self._known[reference] = Known(pointer, generation)
        self._known.move_to_end(reference)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return pointer

    def rest(self, reference: str) -> bool:
        """Let a source alone for a while whose look failed; True if it is the first failure."""
        known, now = self._known.get(reference), self._clock()
        if known is None or known.rests(now):
            return False
        rest = min(max(2 * known.rest, _SHORTEST_REST), _LONGEST_REST)
        self._known[reference] = known._replace(rest=rest, rests_until=now + rest)
        return not known.rest

    def drop(self, reference: str) -> None:
        self._known.pop(reference, None)


def before(pointer: Pointer, generation: int) -> bool:
    """Whether the look at the source began before its purge."""
    return pointer.checked * 1000 <= generation
