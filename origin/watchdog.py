"""Notices that work stands still, and says where.

    a worker with a job that has used no processor for half of SAFELIGHT_TIMEOUT    ended
    one that has been at a job for twice SAFELIGHT_TIMEOUT, whoever waits for it    ended
    nothing finished for three times SAFELIGHT_TIMEOUT, although there was work     told

A stall lasts until something is finished again, be it the first pictures of a new worker, or until
there is no work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from origin.errors import Stalled
from origin.lanes import Order
from origin.process_state import cpu_ticks, process_state
from origin.stacks import stacks
from origin.worker_link import WorkerLink
from origin.workers import Workers

log = structlog.get_logger("safelight.watchdog")

_IDLE_SHARE: Final = 0.5
_LONGEST_SHARE: Final = 2.0
_QUIET_SHARE: Final = 3.0
_LONGEST_INTERVAL: Final = 1.0
_LOOKS: Final = 5  # at least, before anything is called a stall
_LATE_LOOKS: Final = 2
_MOST_WORKERS: Final = 16  # are described in one line of the log


@dataclass(frozen=True, slots=True)
class _Seen:
    """One worker at one job: since when, and when its processor time last changed."""

    order: Order
    since: float
    ticks: int
    moved: float


class Watchdog:
    """Of one pool. request_seconds: that a request may take, SAFELIGHT_TIMEOUT."""

    def __init__(
        self, workers: Workers, *, request_seconds: float, clock: Callable[[], float]
    ) -> None:
        """clock: that of the orders, so the event loop's."""
        self._workers = workers
        self._clock = clock
        self.request_seconds = request_seconds
        self._seen: dict[WorkerLink, _Seen] = {}
        self._finished = workers.finished
        self._looked = self._moved = clock()
        self._fired = False
        self.stalls = 0

    @property
    def stalled(self) -> bool:
        """Whether there was a stall, and nothing was finished since."""
        return self._fired and self._finished == self._workers.finished

    @property
    def interval(self) -> float:
        """Seconds from one look to the next."""
        return min(_LONGEST_INTERVAL, self._idle_seconds / _LOOKS)

    @property
    def _idle_seconds(self) -> float:
        return _IDLE_SHARE * self.request_seconds

    @property
    def _longest(self) -> float:
        return _LONGEST_SHARE * self.request_seconds

    @property
    def _quiet(self) -> float:
        return _QUIET_SHARE * self.request_seconds

    def look(self) -> None:
        """At what has moved since the last look; what stands still is ended."""
        now = self._clock()
        self._follow(now)
        faults = {worker: self._fault(seen, now) for worker, seen in self._seen.items()}
        if not any(faults.values()) and now - self._moved <= self._quiet:
            return
        self._report(faults, now)
        for worker, fault in faults.items():
            # All others work on: that has a deadline of its caller's.
            if fault:
                error = Stalled(f"expected progress (SAFELIGHT_TIMEOUT), but {fault}")
                self._workers.give_up(worker, error)

    def _follow(self, now: float) -> None:
        pending = bool(self._workers.at_work) or self._workers.waiting_since is not None
        # Who looks late stood still himself, or the whole machine did: no worker is to blame.
        late = now - self._looked > _LATE_LOOKS * self.interval
        self._looked = now
        if not self.stalled or not pending:
            self._fired = False
        if self._finished != self._workers.finished or late or not pending:
            self._moved = now
        self._finished = self._workers.finished
        seen = {} if late else self._seen
        self._seen = {
            worker: _seen_again(seen.get(worker), order, cpu_ticks(worker.pid), now)
            for worker, order in self._workers.at_work.items()
        }

    def _fault(self, seen: _Seen, now: float) -> str:
        """Of a worker; most have none."""
        if now - seen.moved > self._idle_seconds:
            return f"a worker used no processor for {now - seen.moved:.1f} s"
        if now - seen.since > self._longest:
            return f"a worker was at it for {now - seen.since:.1f} s"
        return ""

    def _report(self, faults: Mapping[WorkerLink, str], now: float) -> None:
        since = self._workers.waiting_since
        log.error(
            "stalled",
            workers=[
                {"pid": worker.pid, "fault": fault, **process_state(worker.pid)}
                for worker, fault in list(faults.items())[:_MOST_WORKERS]
            ],
            up=len(self._workers.up),
            nothing_finished_s=round(now - self._moved, 1),
            longest_wait_s=0.0 if since is None else round(now - since, 1),
            # Once: they are long, and the next would say the same.
            **({} if self.stalled else {"stacks": stacks()}),
        )
        self.stalls += 1
        self._fired = True
        self._moved = now


def _seen_again(seen: _Seen | None, order: Order, ticks: int, now: float) -> _Seen:
    if seen is None or seen.order is not order:
        return _Seen(order, now, ticks, now)
    return seen if seen.ticks == ticks else replace(seen, ticks=ticks, moved=now)


@asynccontextmanager
async def watching(workers: Workers, *, request_seconds: float) -> AsyncIterator[Watchdog]:
    """Looks several times in the shortest stall, until the block is left."""
    watchdog = Watchdog(
        workers, request_seconds=request_seconds, clock=asyncio.get_running_loop().time
    )

    async def watch() -> None:
        while True:
            await asyncio.sleep(watchdog.interval)
            try:
                watchdog.look()
            except Exception:
                # Who watches must not be the first to fall.
                log.exception("watchdog failed")

    task = asyncio.create_task(watch())
    try:
        yield watchdog
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
