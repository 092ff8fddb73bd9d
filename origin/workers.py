"""Pixel work in processes of its own: spawned, killed at the deadline, replaced when they die."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from origin.errors import Overloaded, WorkerCrashed
from origin.picture_file import PictureFile
from origin.recycling import Span, Wear
from origin.sandbox import Confinement, Layer, missing, told
from origin.wire import MOST_FILES, Job, pack_job, unpack_answer
from origin.worker_link import WorkerLink, start_worker
from transforms.encode import Encoded
from transforms.errors import TransformError
from transforms.limits import Limits
from transforms.plan import Plan

log = structlog.get_logger("safelight.workers")

# Requests that may wait per worker; more are turned away at once.
_QUEUE_PER_WORKER = 64
# A worker that says more than this is not to be believed.
_MOST_RESULT = 1 << 30
_LONGEST_PAUSE = 30
_CONFINED: Final = Confinement()
_SPAN: Final = Span()


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """A packed job, the pictures that it needs, and who waits for its answer."""

    job: bytes
    files: tuple[PictureFile, ...]
    dear: bool
    since: float
    started: Callable[[], None]
    answer: asyncio.Future[tuple[bytes, bytes]]


class Workers:
    """At most `count` processes that take jobs. A caller that is cancelled kills the process that
    works for it, because nothing else stops an AVIF encoder. One that has worked enough leaves when
    another is there in its place.
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
        self._confinement = confinement
        self._span = span
        self._layers: Mapping[str, Layer] = {}
        self._idle: deque[WorkerLink] = deque()
        self._busy: dict[WorkerLink, _Order] = {}
        self._all: dict[WorkerLink, Wear] = {}
        # These have a successor already.
        self._leaving: set[WorkerLink] = set()
        self._renewing = False
        # Dear work never has all workers; the last lane is for when there is nothing else to do.
        self._cheap: deque[_Order] = deque()
        self._dear: deque[_Order] = deque()
        self._later: deque[_Order] = deque()
        self._replacing: set[asyncio.Task[None]] = set()
        self.begun = 0
        self.recycled = 0

    async def render(
        self,
        plan: Plan,
        source: PictureFile,
        assets: Mapping[str, PictureFile],
        *,
        dear: bool = False,
        later: bool = False,
        started: Callable[[], None] = lambda: None,
    ) -> Encoded:
        """The plan carried out; TransformError, Overloaded or WorkerCrashed.

        `dear` lets cheaper work go past. `later` lets every other request go first. `started` is
        called when a worker begins.
        """
        queue = self._later if later else self._dear if dear else self._cheap
        if len(queue) >= self.count * _QUEUE_PER_WORKER:
            raise Overloaded(f"{len(queue)} requests wait for {self.count} workers")
        files = (source, *assets.values())
        if len(files) > MOST_FILES:
            raise TransformError(f"expected at most {MOST_FILES} pictures, got {len(files)}")
        # Packed while the workers are busy with others: none waits for its job.
        job = pack_job(Job(plan, self._limits, tuple(assets)))
        loop = asyncio.get_running_loop()
        order = _Order(job, files, dear, loop.time(), started, loop.create_future())
        queue.append(order)
        self._hand_out()
        try:
            header, body = await order.answer
        except asyncio.CancelledError:
            self._withdraw(order, queue)
            raise
        try:
            return unpack_answer(header, body)
        except (ValueError, KeyError, TypeError) as error:
            raise WorkerCrashed("a worker answered nonsense") from error

    def facts(self) -> dict[str, Any]:
        """How many there are, are at work, wait for one; jobs that were begun ever, workers that
        left after many; and what confines them.
        """
        waiting = len(self._cheap) + len(self._dear) + len(self._later)
        return {
            "count": self.count,
            "busy": len(self._busy),
            "waiting": waiting,
            "begun": self.begun,
            "recycled": self.recycled,
            "sandbox": told(self._layers),
        }

    @property
    def pids(self) -> list[int]:
        """Of the processes that live now."""
        return [worker.pid for worker in self._all]

    async def start(self) -> None:
        """Brings up every process; WorkerCrashed if one does not come up."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self.count):
                    tasks.create_task(self._add())
        except BaseExceptionGroup as group:
            if group.subgroup((WorkerCrashed, OSError)) is None:
                raise
            raise WorkerCrashed(str(group.exceptions[0])) from group
        if without := missing(self._layers):
            log.warning("sandbox incomplete", **without)

    async def stop(self) -> None:
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._all))
        self._all.clear()
        for order in (*self._busy.values(), *self._cheap, *self._dear, *self._later):
            _fail(order, WorkerCrashed("the server stops"))

    def _hand_out(self) -> None:
        while self._idle and (order := self._next()) is not None:
            if order.answer.done():
                continue
            worker = self._idle.popleft()
            if worker.send(order.job, [file.fileno() for file in order.files]):
                self._busy[worker] = order
                self.begun += 1
                order.started()
            else:
                # One that died while it had nothing to do is no fault of this picture.
                (self._dear if order.dear else self._cheap).appendleft(order)
                self._replace(worker)

    def _next(self) -> _Order | None:
        """Who waits longest, but for dear work that has its share of the workers already."""
        lanes = [self._cheap] if self._cheap else []
        busy = sum(order.dear for order in self._busy.values())
        if self._dear and busy < max(1, self.count - 1):
            lanes.append(self._dear)
        if lanes:
            return min(lanes, key=lambda lane: lane[0].since).popleft()
        return self._later.popleft() if self._later else None

    def _answered(self, worker: WorkerLink, header: bytes, body: bytes) -> None:
        order = self._busy.pop(worker)
        # Who waits for the worker goes first: our answer costs time, its job does not.
        if worker in self._leaving:
            self._replace(worker)
        else:
            self._idle.append(worker)
        self._hand_out()
        if not order.answer.done():
            order.answer.set_result((header, body))
        self._renew_worn(worker)

    def _ended(self, worker: WorkerLink) -> None:
        order = self._busy.pop(worker, None)
        if order is not None:
            _fail(order, WorkerCrashed("a worker died of the source"))
        self._replace(worker)

    def _withdraw(self, order: _Order, queue: deque[_Order]) -> None:
        if order in queue:
            queue.remove(order)
        for worker, job in list(self._busy.items()):
            if job is order:
                del self._busy[worker]
                self._replace(worker)

    def _replace(self, worker: WorkerLink) -> None:
        """In the background: the caller has its answer, is gone, or goes on waiting."""
        if not worker.leave():
            return
        if worker in self._idle:
            self._idle.remove(worker)
        task = asyncio.create_task(self._replaced(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replaced(self, worker: WorkerLink) -> None:
        # Still one of all while it ends: if the server stops meanwhile, `stop` sees to it.
        await worker.stop()
        self._all.pop(worker, None)
        if worker in self._leaving:
            self._leaving.remove(worker)
            return
        log.warning("worker replaced", pid=worker.pid)
        pause = 1
        # Until it works or the server stops: a pool that stays smaller is noticed too late.
        while True:
            try:
                return await self._add()
            except (WorkerCrashed, OSError) as error:
                log.error("worker did not start", error=str(error), next_try_s=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _renew_worn(self, worker: WorkerLink) -> None:
        """One at a time: while two start, others would have to wait for the processor."""
        why = self._all[worker].after_job()
        if why and not self._renewing and not worker.left and worker not in self._leaving:
            self._renewing = True
            task = asyncio.create_task(self._renewed(worker, why))
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    async def _renewed(self, worker: WorkerLink, why: str) -> None:
        try:
            successor = await self._started()
            if worker.left:
                # It died meanwhile, and that has a successor come too.
                await successor.stop()
                self._all.pop(successor, None)
                return
            self._leaving.add(worker)
            self._welcome(successor)
            if worker in self._idle:
                self._replace(worker)
            self.recycled += 1
            log.info("worker recycled", pid=worker.pid, reason=why)
        except (WorkerCrashed, OSError) as error:
            log.error("worker did not start", error=str(error), next_try_s=_LONGEST_PAUSE)
            await asyncio.sleep(_LONGEST_PAUSE)
        finally:
            self._renewing = False

    async def _add(self) -> None:
        self._welcome(await self._started())

    async def _started(self) -> WorkerLink:
        worker = await start_worker(confinement=self._confinement)
        self._all[worker] = Wear(self._span, worker.pid)
        self._layers = worker.layers
        return worker

    def _welcome(self, worker: WorkerLink) -> None:
        worker.listen(most_bytes=_MOST_RESULT, answered=self._answered, ended=self._ended)
        self._idle.append(worker)
        self._hand_out()


def _fail(order: _Order, error: Exception) -> None:
    if not order.answer.done():
        order.answer.set_exception(error)


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
