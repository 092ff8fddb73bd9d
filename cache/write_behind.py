"""Writes that happen behind the answer: nobody who offers one waits for it.

The queue is bounded in entries and bytes. When it is full the oldest offer goes, as the newest is
the likeliest to be asked for again; what goes is counted. Results are immutable, so a key that is
offered again while its first write waits or runs is one write, the first.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from cache.entry import Entry

_log = logging.getLogger(__name__)

_LOG_EVERY = 60.0
_AFTER_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Counts:
    """declined: the tier would not keep it. queued: waiting now. The others: ever."""

    written: int
    failed: int
    declined: int
    dropped: int
    queued: int


class Write:
    """The outcome of an offer: awaiting it gives True once the entry is kept, False if it never is.

    Any number may wait, and leave again without the write being cancelled.
    """

    def __init__(self) -> None:
        self._kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, None, bool]:
        return asyncio.shield(self._kept).__await__()

    @property
    def done(self) -> bool:
        """Whether the outcome is known."""
        return self._kept.done()

    def settle(self, *, kept: bool) -> None:
        """Tell those who wait."""
        self._kept.set_result(kept)


@dataclass(frozen=True, slots=True)
class _Offer:
    key: str
    entry: Entry
    ttl: float | None
    outcome: Write


class WriteBehind:
    """The queue and its writers, which work between entering and leaving."""

    def __init__(
        self,
        write: Callable[[str, Entry, float | None], Awaitable[bool]],
        *,
        most_entries: int = 256,
        most_bytes: int = 64 << 20,
        writers: int = 4,
        deadline: float,
        drain: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """deadline: seconds for one write. drain: seconds for what is left when leaving.

        The bytes are those of the bodies, of the writes under way too.
        """
        self._write = write
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._writers = writers
        self._deadline = deadline
        self._drain = drain
        self._clock = clock
        self._queued: dict[str, _Offer] = {}
        self._running: dict[str, _Offer] = {}
        self._bytes = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._written = self._failed = self._declined = self._dropped = 0
        self._logged_at: float | None = None
        self._logged_failures = 0

    @property
    def counts(self) -> Counts:
        """What became of the offers."""
        return Counts(self._written, self._failed, self._declined, self._dropped, len(self._queued))

    def offer(self, key: str, entry: Entry, ttl: float | None = None) -> Write:
        """Have the entry written, or drop something; either way at once."""
        if known := self._queued.get(key) or self._running.get(key):
            return known.outcome
        offer = _Offer(key, entry, ttl, Write())
        if not self._tasks or not self._make_room(len(entry.body)):
            self._drop(offer)
            return offer.outcome
        self._queued[key] = offer
        self._bytes += len(entry.body)
        self._wake.set()
        return offer.outcome

    def _make_room(self, size: int) -> bool:
        running = sum(len(offer.entry.body) for offer in self._running.values())
        if running + size > self._most_bytes or not self._most_entries:
            return False
        while len(self._queued) >= self._most_entries or self._bytes + size > self._most_bytes:
            oldest = self._queued.pop(next(iter(self._queued)))
            self._bytes -= len(oldest.entry.body)
            self._drop(oldest)
        return True

    def _drop(self, offer: _Offer) -> None:
        self._dropped += 1
        offer.outcome.settle(kept=False)

    async def __aenter__(self) -> WriteBehind:
        self._tasks = [
            asyncio.create_task(self._write_on(), name=f"write-behind-{number}")
            for number in range(self._writers)
        ]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        tasks, self._tasks = self._tasks, []  # what is offered from now on is dropped
        left = [*self._running.values(), *self._queued.values()]
        try:
            async with asyncio.timeout(self._drain):
                for offer in left:
                    await offer.outcome
        except TimeoutError:
            unwritten = sum(not offer.outcome.done for offer in left)
            _log.warning("%d results were not written within %g s", unwritten, self._drain)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for offer in self._queued.values():
                self._drop(offer)
            self._queued.clear()
            self._bytes = 0

    async def _write_on(self) -> None:
        while True:
            while not self._queued:
                self._wake.clear()
                await self._wake.wait()
            offer = self._queued.pop(next(iter(self._queued)))
            self._running[offer.key] = offer
            try:
                await self._attempt(offer)
            finally:
                del self._running[offer.key]
                self._bytes -= len(offer.entry.body)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return  # `wait_for` of Python 3.11 loses a cancellation that comes with its result

    async def _attempt(self, offer: _Offer) -> None:
        kept = False
        try:
            async with asyncio.timeout(self._deadline):
                # The answer goes first: sending a result to a store takes longer than that.
                await asyncio.sleep(_AFTER_SECONDS)
                kept = await self._write(offer.key, offer.entry, offer.ttl)
            self._written += kept
            self._declined += not kept
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                self._dropped += 1
                raise
            # Not this writer was cancelled, but something that the write waited for.
            self._failed += 1
            self._report(offer.key, error)
        # A tier may fail in any way it likes: the answer is out, and the next write may succeed.
        except Exception as error:
            self._failed += 1
            self._report(offer.key, error)
        finally:
            offer.outcome.settle(kept=kept)

    def _report(self, key: str, error: BaseException) -> None:
        now = self._clock()
        if self._logged_at is not None and now - self._logged_at < _LOG_EVERY:
            return
        failures = self._failed - self._logged_failures
        self._logged_at, self._logged_failures = now, self._failed
        _log.warning(
            "%d results could not be written; the last, %s: %s: %s",
            failures,
            key,
            type(error).__name__,
            error,
        )
