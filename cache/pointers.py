"""What is known of sources: which version each of them was, when it was last looked at.

    age < ttl/2    the pointer as it is
    age < ttl      the pointer as it is, and a look behind it: who is asked for often never waits
    older          the look is waited for, but with patience: if it is late or fails, the pointer
                   is served stale, up to `stale_for` seconds more
    unknown        the look is waited for, and its failure is the caller's, unless another node
                   knows the source: then what that node knew is served, as above

A source that is missing is known for `negative_ttl` seconds and is unknown after that; so is one
that was purged. A purge says "do not serve what you knew", so a purged source whose look fails is a
failure: there is no result under its new generation that could be served without the source.

A pointer is as old as the beginning of its look.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any, Protocol

from cache.flight import Flights
from cache.known_pointers import Known, KnownPointers, before
from cache.pointer import Pointer
from cache.purges import Purges

_SHARED_SECONDS = 1.0
_UNWINDING_SECONDS = 5.0
logger = logging.getLogger(__name__)


class PointerStore(Protocol):
    """Pointers that all nodes see. Either method may raise or take its time."""

    async def get(self, reference: str) -> Pointer | None:
        """What was last put there."""

    async def put(self, reference: str, pointer: Pointer, *, ttl: float) -> None:
        """Keep it for `ttl` seconds."""


class Pointers:
    """counts: looks at sources (look), those begun while something was known (revalidation),
    answers older than ttl (stale), pointers taken from other nodes instead of a look (shared).
    """

    def __init__(
        self,
        look: Callable[[str], Awaitable[Pointer]],
        *,
        ttl: float,
        negative_ttl: float,
        purges: Purges,
        shared: PointerStore | None = None,
        patience: float = 0.25,
        stale_for: float = 86_400.0,
        most: int = 200_000,
        most_behind: int = 256,
        deadline: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Seconds. most_behind: looks nobody waits for. deadline: of a look, the source's own is
        expected to be shorter.
        """
        self.counts: Counter[str] = Counter()
        self._source = look
        self._ttl = ttl
        self._negative_ttl = negative_ttl
        self._purges = purges
        self._shared = shared
        self._patience = patience
        self._stale_for = stale_for
        self._most_behind = most_behind
        self._clock = clock
        self._known = KnownPointers(purges, most=most, clock=clock)
        self._flights: Flights[tuple[str, int], Pointer] = Flights(deadline=deadline, failure_ttl=0)
        self._behind: dict[str, tuple[asyncio.Task[Pointer | None], float]] = {}
        self._puts: set[asyncio.Task[None]] = set()

    def peek(self, reference: str) -> Pointer | None:
        """The pointer if there is nothing to wait for, and nothing to begin."""
        known = self._known.find(reference)
        if known is None:
            return None
        age = self._clock() - known.pointer.checked
        return known.pointer if age < self._fresh(known.pointer) else None

    def last(self, reference: str) -> Pointer | None:
        """What was last known, however old; None if that is nothing, or was purged."""
        known = self._known.find(reference)
        return None if known is None else known.pointer

    def knows(self, reference: str) -> bool:
        """Whether `get` has something to go by, however old."""
        return self._known.find(reference) is not None

    async def get(self, reference: str) -> Pointer:
        """The pointer as the table above says; raises what the look at the source raises."""
        known = self._known.find(reference)
        if known is None:
            return await self._look(reference)
        age = self._clock() - known.pointer.checked
        if age < self._fresh(known.pointer):
            return known.pointer
        if known.pointer.validator is None or age >= self._ttl + self._stale_for:
            return await self._look(reference)
        if age >= self._ttl:
            return await self._look_with_patience(reference, known)
        self._look_behind(reference, known)
        return known.pointer

    def note(self, reference: str, pointer: Pointer) -> None:
        """The source was found to be this. Nothing, if that was before its latest purge or look."""
        pointer = replace(pointer, checked=min(pointer.checked, self._clock()))
        generation = self._purges.of_source(reference)
        if before(pointer, generation):
            return
        if self._known.keep(reference, pointer, generation) is pointer:
            self._share(reference, pointer)

    def trust(self, *, ttl: float, negative_ttl: float) -> None:
        """So long from now on, whatever was known before included."""
        self._ttl, self._negative_ttl = ttl, negative_ttl

    def forget(self, reference: str) -> None:
        """Know nothing of the source, on this node. A look that is under way will count."""
        self._known.drop(reference)

    async def close(self) -> None:
        """Cancel what goes on behind answers."""
        await _cancel([task for task, _ in self._behind.values()])
        await self._flights.close(within=_UNWINDING_SECONDS)
        await _cancel(self._puts)

    def _fresh(self, pointer: Pointer) -> float:
        return self._negative_ttl if pointer.validator is None else self._ttl / 2

    async def _look(self, reference: str) -> Pointer:
        """All who look at one generation of a source share one look."""
        generation = self._purges.of_source(reference)
        pointer, _ = await self._flights.run(
            (reference, generation), lambda _: self._find(reference, generation)
        )
        return pointer

    async def _find(self, reference: str, generation: int) -> Pointer:
        shared = await self._ask_shared(reference)
        if shared is not None and self._clock() - shared.checked < self._fresh(shared):
            self.counts["shared"] += 1
            return self._known.keep(reference, shared, generation)
        # Who knows more than nothing falls back on that.
        if shared is not None and (self._known.find(reference) or shared.validator is None):
            shared = None
        self.counts["look"] += 1
        began = self._clock()
        try:
            async with asyncio.timeout(None if shared is None else self._patience):
                pointer = replace(await self._source(reference), checked=began)
        except Exception as error:
            if shared is None:
                raise
            logger.warning("%s: no news, serving what others knew: %r", reference, error)
            self.counts["stale"] += 1
            pointer = shared
        else:
            self._share(reference, pointer)
        return self._known.keep(reference, pointer, generation)

    def _look_behind(self, reference: str, known: Known) -> None:
        full = len(self._behind) >= self._most_behind
        if full or reference in self._behind or known.rests(self._clock()):
            return
        self.counts["revalidation"] += 1
        # Not in the context of the request: it will have been answered.
        task = asyncio.create_task(self._try_look(reference), context=contextvars.Context())
        self._behind[reference] = task, asyncio.get_running_loop().time()
        task.add_done_callback(lambda _: self._behind.pop(reference, None))

    async def _look_with_patience(self, reference: str, known: Known) -> Pointer:
        found: Pointer | None = None
        if not known.rests(self._clock()):
            self._look_behind(reference, known)
            if reference in self._behind:
                found = await self._wait_behind(*self._behind[reference])
            else:  # there are too many: this one ends with the patience of those who wait
                self.counts["revalidation"] += 1
                found = await self._try_look(reference, within=self._patience)
        if found is None:
            self.counts["stale"] += 1
            return known.pointer
        newest = self._known.find(reference)
        return newest.pointer if newest else found

    async def _wait_behind(
        self, task: asyncio.Task[Pointer | None], began: float
    ) -> Pointer | None:
        """Patience counts from the beginning of the look: a source that hangs costs it once."""
        patience = began + self._patience - asyncio.get_running_loop().time()
        if patience > 0:
            await asyncio.wait((task,), timeout=patience)
        return task.result() if task.done() and not task.cancelled() else None

    async def _try_look(self, reference: str, within: float | None = None) -> Pointer | None:
        """None if it failed, after which the source has a rest."""
        try:
            async with asyncio.timeout(within):
                return await self._look(reference)
        except Exception as error:
            if self._known.rest(reference):
                logger.warning("%s: no news, serving what was known: %r", reference, error)
            return None

    async def _ask_shared(self, reference: str) -> Pointer | None:
        """Another node's pointer, however old; None if it is from before a purge."""
        if self._shared is None:
            return None
        try:
            async with asyncio.timeout(_SHARED_SECONDS):
                pointer = await self._shared.get(reference)
        except Exception as error:
            logger.debug("%s: no shared pointer: %r", reference, error)
            return None
        if pointer is None:
            return None
        now = self._clock()
        pointer = replace(pointer, checked=min(pointer.checked, now))
        old = now - pointer.checked >= self._ttl + self._stale_for
        return None if old or before(pointer, self._purges.of_source(reference)) else pointer

    def _share(self, reference: str, pointer: Pointer) -> None:
        missing = pointer.validator is None
        ttl = self._negative_ttl if missing else self._ttl + self._stale_for
        if self._shared is None or ttl <= 0 or len(self._puts) >= self._most_behind:
            return
        put = self._put(self._shared, reference, pointer, ttl)
        task = asyncio.create_task(put, context=contextvars.Context())
        self._puts.add(task)
        task.add_done_callback(self._puts.discard)

    async def _put(
        self, shared: PointerStore, reference: str, pointer: Pointer, ttl: float
    ) -> None:
        try:
            async with asyncio.timeout(_SHARED_SECONDS):
                await shared.put(reference, pointer, ttl=ttl)
        except Exception as error:
            logger.debug("%s: the pointer was not shared: %r", reference, error)


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_UNWINDING_SECONDS)
