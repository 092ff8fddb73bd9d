"""Pixel work in processes of its own: spawned, killed at the deadline, replaced when they die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from origin.errors import Overloaded, WorkerCrashed
from origin.sealed_file import sealed_file
from origin.wire import Job, pack_job
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


class Workers:
    """At most `count` processes. A caller that is cancelled kills the process that works for it,
    because nothing else stops an AVIF encoder.
    """

    def __init__(self, count: int, limits: Limits) -> None:
        self.count = count
        self._limits = limits
        self._idle: asyncio.Queue[WorkerLink] = asyncio.Queue()
        self._all: set[WorkerLink] = set()
        self._waiting = 0
        self._replacing: set[asyncio.Task[None]] = set()

    async def render(self, plan: Plan, data: bytes, assets: Mapping[str, bytes]) -> Encoded:
        """The plan carried out; TransformError, Overloaded or WorkerCrashed."""
        if self._waiting >= self.count * _QUEUE_PER_WORKER:
            raise Overloaded(f"{self._waiting} requests wait for {self.count} workers")
        pictures = [data, *assets.values()]
        # Packed and written while the workers are busy with others: none waits for its job.
        job = pack_job(Job(plan, self._limits, tuple(assets), tuple(map(len, pictures))))
        async with sealed_file(pictures) as file:
            worker = await self._take()
            try:
                result = await worker.run(job, file, most_bytes=_MOST_RESULT)
            except TransformError:
                self._idle.put_nowait(worker)
                raise
            except BaseException:
                self._replace(worker)
                raise
            self._idle.put_nowait(worker)
            # Who waits for the worker goes first: our answer costs time, its job does not.
            await asyncio.sleep(0)
            return result

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

    async def stop(self) -> None:
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._all))
        self._all.clear()

    async def _take(self) -> WorkerLink:
        self._waiting += 1
        try:
            # One that died while it had nothing to do is no fault of this picture.
            while not (worker := await self._idle.get()).alive:
                self._replace(worker)
            return worker
        finally:
            self._waiting -= 1

    def _replace(self, worker: WorkerLink) -> None:
        """In the background: the caller has its answer, is gone, or goes on waiting."""
        task = asyncio.create_task(self._replaced(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replaced(self, worker: WorkerLink) -> None:
        # Still one of all while it ends: if the server stops meanwhile, `stop` sees to it.
        await worker.stop()
        self._all.discard(worker)
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

    async def _add(self) -> None:
        worker = await start_worker()
        self._all.add(worker)
        self._idle.put_nowait(worker)


@asynccontextmanager
async def open_workers(count: int, limits: Limits) -> AsyncIterator[Workers]:
    workers = Workers(count, limits)
    try:
        await workers.start()
        yield workers
    finally:
        await workers.stop()
