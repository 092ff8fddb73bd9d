"""Pixel work in processes of its own: spawned, killed at the deadline, replaced when they die."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from origin.crew import Crew
from origin.errors import Overloaded, Stalled, WorkerCrashed
from origin.lanes import Lane, Lanes, Order
from origin.picture_file import PictureFile
from origin.recycling import Span
from origin.sandbox import Confinement, told
from origin.stages import Stages
from origin.wire import MOST_FILES, Job, pack_job, unpack_answer
from origin.worker_link import WorkerLink
from transforms.encode import Encoded
from transforms.errors import TransformError
from transforms.limits import Limits
from transforms.plan import Plan

# A worker that says more than this is not to be believed.
_MOST_RESULT = 1 << 30
_CONFINED: Final = Confinement()
_SPAN: Final = Span()


class Workers:
    """At most `count` processes that take jobs. A caller that is cancelled kills the process that
    works for it, because nothing else stops an AVIF encoder.
    """

    def __init__(
        self,
        count: int,
        limits: Limits,
        *,
        confinement: Confinement = _CONFINED,
        span: Span = _SPAN,
    ) -> None:
        self.count = count
        self._limits = limits
        self._lanes = Lanes(count)
        self._idle: deque[WorkerLink] = deque()
        self._busy: dict[WorkerLink, Order] = {}
        self._crew = Crew(
            confinement=confinement, span=span, joined=self._joined, relieved=self._relieved
        )
        self.begun = 0
        self.finished = 0
        self.ended: Counter[str] = Counter()

    async def render(
        self,
        plan: Plan,
        source: PictureFile,
        assets: Mapping[str, PictureFile],
        *,
        lane: Lane = Lane.CHEAP,
        limits: Limits | None = None,
        begin_by: float = math.inf,
        started: Callable[[], None] = lambda: None,
        stages: Stages | None = None,
    ) -> Encoded:
        """The plan carried out; TransformError, Overloaded, WorkerCrashed or Stalled.

        `limits` go before those of the pool. `started` is called when a worker begins. `begin_by`:
        by the event loop's clock; begun later, it would not be done in time. `stages` are told how
        long it waited, and what the worker says of its own.
        """
        stages = Stages() if stages is None else stages
        self._lanes.refuse_full(lane)
        files = (source, *assets.values())
        if len(files) > MOST_FILES:
            raise TransformError(f"expected at most {MOST_FILES} pictures, got {len(files)}")
        # Packed while the workers are busy with others: none waits for its job.
        job = pack_job(Job(plan, limits or self._limits, tuple(assets)))
        loop = asyncio.get_running_loop()
        came, waiting = stages.now(), True

        def begun() -> None:
            nonlocal waiting
            waiting = False
            stages.add("queue", came, stages.now())
            started()

        order = Order(job, files, lane, loop.time(), begun, loop.create_future(), begin_by)
        self._lanes.join(order)
        self._hand_out()
        try:
            header, body = await order.answer
        except asyncio.CancelledError:
            self._withdraw(order)
            raise
        finally:
            if waiting:
                stages.add("queue", came, stages.now())
        try:
            encoded, took = unpack_answer(header, body)
        except (ValueError, KeyError, TypeError) as error:
            raise WorkerCrashed("a worker answered nonsense") from error
        stages.worked(took)
        return encoded

    def facts(self) -> dict[str, Any]:
        """How many there are to be, can work, are at work, wait for one; jobs that were begun ever,
        workers that left after many; and what confines them.
        """
        return {
            "count": self.count,
            "up": len(self.up),
            "busy": len(self._busy),
            "waiting": len(self._lanes),
            "begun": self.begun,
            "recycled": self.recycled,
            "sandbox": told(self._crew.layers),
        }

    @property
    def pids(self) -> list[int]:
        """Of the processes that live now."""
        return self._crew.pids

    @property
    def up(self) -> list[WorkerLink]:
        """Those that can work, or do."""
        return [*self._idle, *self._busy]

    @property
    def at_work(self) -> Mapping[WorkerLink, Order]:
        """Who is busy, and with what."""
        return self._busy

    @property
    def waiting_since(self) -> float | None:
        """When the one came that waits longest for a worker, by the event loop's clock."""
        return self._lanes.since

    @property
    def complaint(self) -> str:
        """Why the last worker that was to join did not; nothing once one has."""
        return self._crew.complaint

    @property
    def recycled(self) -> int:
        return self._crew.recycled

    async def start(self) -> None:
        """Brings up every process; WorkerCrashed if one does not come up."""
        await self._crew.start(self.count)

    async def stop(self) -> None:
        await self._crew.stop()
        for order in (*self._busy.values(), *self._lanes):
            order.fail(WorkerCrashed("the server stops"))

    def give_up(self, worker: WorkerLink, error: Exception) -> None:
        """Who waits for its answer gets the error, and another process takes its place."""
        self.ended["stalled" if isinstance(error, Stalled) else "died"] += 1
        order = self._busy.pop(worker, None)
        if order is not None:
            order.fail(error)
        self._replace(worker)

    def _hand_out(self) -> None:
        while self._idle and (order := self._lanes.take(self._busy.values())) is not None:
            if asyncio.get_running_loop().time() > order.begin_by:
                order.fail(Overloaded("others took longer than was foreseen"))
            if order.answer.done():
                continue
            worker = self._idle.popleft()
            if worker.send(order.job, [file.fileno() for file in order.files]):
                self._busy[worker] = order
                self.begun += 1
                order.started()
            else:
                # One that died while it had nothing to do is no fault of this picture.
                self._lanes.go_back(order)
                self.ended["died"] += 1
                self._replace(worker)

    def _answered(self, worker: WorkerLink, header: bytes, body: bytes) -> None:
        order = self._busy.pop(worker)
        self.finished += 1
        # Who waits for the worker goes first: our answer costs time, its job does not.
        if self._crew.leaves(worker):
            self._replace(worker)
        else:
            self._idle.append(worker)
        self._hand_out()
        if not order.answer.done():
            order.answer.set_result((header, body))
        self._crew.worked(worker)

    def _ended(self, worker: WorkerLink) -> None:
        self.give_up(worker, WorkerCrashed("a worker died of the source"))

    def _withdraw(self, order: Order) -> None:
        self._lanes.leave(order)
        for worker, job in list(self._busy.items()):
            if job is order:
                del self._busy[worker]
                self.ended["killed"] += 1
                self._replace(worker)

    def _replace(self, worker: WorkerLink) -> None:
        """In the background: the caller has its answer, is gone, or goes on waiting."""
        if self._crew.replace(worker) and worker in self._idle:
            self._idle.remove(worker)

    def _joined(self, worker: WorkerLink) -> None:
        # It has shown that it can render, which is as good as an answer.
        self.finished += 1
        worker.listen(most_bytes=_MOST_RESULT, answered=self._answered, ended=self._ended)
        self._idle.append(worker)
        self._hand_out()

    def _relieved(self, worker: WorkerLink) -> None:
        if worker in self._idle:
            self._replace(worker)


@asynccontextmanager
async def open_workers(
    count: int, limits: Limits, *, confinement: Confinement = _CONFINED, span: Span = _SPAN
) -> AsyncIterator[Workers]:
    workers = Workers(count, limits, confinement=confinement, span=span)
    try:
        await workers.start()
        yield workers
    finally:
        await workers.stop()
