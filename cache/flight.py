"""One piece of work for all who want the same at the same time.

The work is a task of its own: who waits may leave, and nothing changes for the others. When the
last one leaves it is cancelled, unless it has said `flight.commit()`: then it runs to its end.
A flight has a deadline as a whole. At the deadline, and when it is cancelled, it is over at once,
however long the work takes to unwind, and the next one who wants the same starts another.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar

from cachetools import TLRUCache

from cache.errors import CacheError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class FlightCancelled(CacheError):
    """The work was cancelled, and not because nobody waited for it any more."""


class Flight:
    """What the work can say of itself, and who waits for it.

    guests: as they were named to `run`, in the order in which they came; who leaves goes.
    """

    __slots__ = ("committed", "guests")

    def __init__(self) -> None:
        self.committed = False
        self.guests: dict[Any, None] = {}

    def commit(self) -> None:
        """Too much is done already to stop when nobody waits any more."""
        self.committed = True


@dataclass(slots=True, eq=False)
class _Aloft(Generic[V]):
    flight: Flight
    task: asyncio.Task[V]
    timer: asyncio.TimerHandle
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    error: BaseException | None = None
    traceback: TracebackType | None = None

    def result(self) -> V:
        """What all who waited get. Each raises the error from where the work did, not on top of
        one another.
        """
        try:
            if self.error is not None:
                raise self.error.with_traceback(self.traceback)
            return self.task.result()
        finally:
            # The traceback holds this frame: a cycle in which pictures would linger.
            del self


class Flights(Generic[K, V]):
    """The work that is under way, by what it is for.

    A failure goes to all who wait, and for `failure_ttl` seconds, or what `lifetime` says of it,
    to all who come after, without its traceback, cause and notes. Cancellation is not kept, for it
    says nothing of the work, nor is the flight's own deadline: it comes seldom enough by itself.
    """

    def __init__(
        self,
        *,
        deadline: float,
        failure_ttl: float = 1.0,
        lifetime: Callable[[Exception], float] | None = None,
        max_failures: int = 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Seconds. clock: for kept failures; deadlines go by the event loop's. `deadline` and
        `lifetime` may be set: for what begins, and what fails, from then on.
        """
        self.joined = 0
        self.spared = 0
        self.deadline = deadline
        self.lifetime = lifetime or (lambda _: failure_ttl)
        self._aloft: dict[K, _Aloft[V]] = {}
        self._tasks: set[asyncio.Task[V]] = set()
        self._failures: TLRUCache[K, tuple[Exception, float]] = TLRUCache(
            max_failures, ttu=lambda _, kept, now: now + kept[1], timer=clock
        )
        self._closed = False

    def __len__(self) -> int:
        return len(self._aloft)

    def is_aloft(self, key: K) -> bool:
        """Whether somebody's work for the key is under way."""
        return key in self._aloft

    async def run(
        self, key: K, make: Callable[[Flight], Awaitable[V]], *, guest: Hashable | None = None
    ) -> tuple[V, bool]:
        """What the work made, and whether another caller had begun it.

        `guest` stands for this call alone among `Flight.guests`.
        `joined` counts those who waited for the work of others, `spared` those who got a failure
        that was kept. Work must not wait for its own key.
        """
        kept = self._failures.get(key)
        if kept is not None:
            self.spared += 1
            raise _twin(kept[0])
        aloft = self._aloft.get(key)
        joined = aloft is not None
        if aloft is None:
            aloft = self._start(key, make)
        self.joined += joined
        await self._wait(key, aloft, guest)
        try:
            return aloft.result(), joined
        finally:
            del aloft  # as in `result`

    async def close(self, *, within: float = 5.0) -> None:
        """Cancel all work and begin no more; wait so many seconds for it to unwind."""
        self._closed = True
        for key, aloft in list(self._aloft.items()):
            self._stop(key, aloft, FlightCancelled(f"{key!r}: expected to end, but was closed"))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    def _start(self, key: K, make: Callable[[Flight], Awaitable[V]]) -> _Aloft[V]:
        if self._closed:
            raise FlightCancelled(f"{key!r}: expected to begin, but was closed")

        async def work() -> V:
            return await make(flight)

        def late() -> None:
            message = f"{key!r}: expected to end within {deadline} s, but did not"
            self._stop(key, aloft, TimeoutError(message))

        flight, deadline = Flight(), self.deadline
        # Not in the context of who came first: the work is everybody's.
        task = asyncio.create_task(work(), context=contextvars.Context())
        timer = asyncio.get_running_loop().call_later(deadline, late)
        aloft = _Aloft(flight, task, timer)
        self._aloft[key] = aloft
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._landed(key, aloft))
        return aloft

    async def _wait(self, key: K, aloft: _Aloft[V], guest: Hashable | None) -> None:
        # Of its own, not the task: leaving is cheap then, however many wait.
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        aloft.waiters.add(waiter)
        if guest is not None:
            aloft.flight.guests[guest] = None
        try:
            await waiter
        finally:
            aloft.waiters.discard(waiter)
            aloft.flight.guests.pop(guest, None)
            if not aloft.waiters and not aloft.flight.committed:
                self._stop(key, aloft, None)

    def _stop(self, key: K, aloft: _Aloft[V], error: BaseException | None) -> None:
        if self._over(key, aloft, error):
            aloft.task.cancel()

    def _landed(self, key: K, aloft: _Aloft[V]) -> None:
        self._tasks.discard(aloft.task)
        if aloft.task.cancelled():
            error: BaseException | None = FlightCancelled(
                f"{key!r}: expected to end, but was cancelled"
            )
        else:
            # Asked for even if nobody waits, or asyncio complains that nobody did.
            error = aloft.task.exception()
        if self._over(key, aloft, error) and isinstance(error, Exception):
            self._keep(key, error)

    def _over(self, key: K, aloft: _Aloft[V], error: BaseException | None) -> bool:
        """Tell those who wait; False if the flight was over already."""
        if self._aloft.get(key) is not aloft:
            return False
        del self._aloft[key]
        aloft.timer.cancel()
        aloft.error = error
        aloft.traceback = error.__traceback__ if error else None
        for waiter in aloft.waiters:
            if not waiter.done():
                waiter.set_result(None)
        return True

    def _keep(self, key: K, error: Exception) -> None:
        seconds = 0.0 if isinstance(error, FlightCancelled) else self.lifetime(error)
        if seconds > 0:
            self._failures[key] = _twin(error), seconds


def _twin(error: Exception) -> Exception:
    """The same error for another to raise. Who raises one ties their frames to it, and all that
    is in them: none that was raised is kept.

    `copy.copy` would call the class with the finished message instead of what it was made of.
    """
    builtin: Any = type(error)
    while builtin.__module__ != "builtins":
        builtin = builtin.__base__
    _, args, *_ = builtin.__reduce__(error)
    twin: Exception = builtin.__new__(type(error), *args)
    builtin.__init__(twin, *args)
    twin.__dict__.update(
        {name: value for name, value in vars(error).items() if name != "__notes__"}
    )
    return twin
