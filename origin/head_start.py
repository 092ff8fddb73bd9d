"""Making a result while the tiers that nodes share are still asked whether they have it.

They take their time: an object store 20 ms and more where it is not in the same room. Where one has
had nothing for so many looks in a row, a worker that is idle anyway begins at once, and its answer
is there before the result is. What comes first is given.

Of looks that find something with the probability p each, p (1 - p)^20 have cost a worker a result
for nothing: less than 2 in 100 of a tier's, whatever p is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from cache.tiers import Lookup
from origin.afterwards import Afterwards

T = TypeVar("T")

_LOOKS_IN_VAIN: Final = 20


class HeadStart:
    """counts: of results that a worker began so: used, or wasted, as a tier had them.

    seconds: until tiers are asked. That takes as long as to hand the work to the worker, and would
    hold it up.
    """

    def __init__(self, afterwards: Afterwards, *, seconds: float = 0.005) -> None:
        self.counts: Counter[str] = Counter()
        self._afterwards = afterwards
        self._seconds = seconds
        self._in_vain: Counter[str] = Counter()

    def pays(self, tiers: frozenset[str]) -> bool:
        """Whether none of these is expected to have anything."""
        return all(self._in_vain[tier] >= _LOOKS_IN_VAIN for tier in tiers)

    def note(self, lookup: Lookup, asked: frozenset[str]) -> None:
        """What these tiers said, until one had it. What one fails to say is a miss there, too."""
        for tier in asked & {*lookup.missed}:
            self._in_vain[tier] += 1
        if lookup.tier is not None:
            self._in_vain[lookup.tier] = 0

    async def run(
        self,
        make: Coroutine[Any, Any, T],
        look: Callable[[], Awaitable[T | None]],
        *,
        begun: Callable[[], bool],
        end: float,
    ) -> T:
        """What was made, or what the tiers had; why nothing was made only if they had nothing.

        begun: whether a worker has. It is not stopped then, as that would be its end, but has until
        the loop's time `end`.
        """
        making, looking = _begin(make), _begin(_after(self._seconds, look))
        stays: asyncio.Task[Any] | None = None
        try:
            await asyncio.wait((making, looking), return_when=asyncio.FIRST_COMPLETED)
            if not _succeeded(making):
                found = await looking
                if found is not None:
                    if begun():
                        looking.add_done_callback(self._judge)
                        stays = making
                    return found
            made = await making
            looking.add_done_callback(self._judge)
            stays = looking
            return made
        finally:
            if stays is not None and self._afterwards.begin(_ended(stays, end)):
                await _cancelled({making, looking} - {stays})
            else:
                await _cancelled({making, looking})
            # Their errors know this frame: in that circle, sources would stay open for long.
            del making, looking, stays

    def _judge(self, looking: asyncio.Task[Any]) -> None:
        """Also if that was found later than made."""
        found = _succeeded(looking) and looking.result() is not None
        self.counts["wasted" if found else "used"] += 1


def _begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    task = asyncio.create_task(work)
    # Asked for even if nobody waits, or asyncio complains that nobody did.
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    return task


async def _after(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    await asyncio.sleep(seconds)
    return await work()


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _ended(task: asyncio.Task[Any], end: float) -> None:
    left = max(0.0, end - asyncio.get_running_loop().time())
    try:
        await asyncio.wait((task,), timeout=left)
    finally:
        await _cancelled({task})


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    """Until they are unwound."""
    late = [task for task in tasks if task.cancel()]
    if late:
        await asyncio.wait(late)
