"""The processes of a pool: as many as there are to be, whatever becomes of each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog

from origin.errors import WorkerCrashed
from origin.recycling import Span, Wear
from origin.sandbox import Confinement, Layer, missing
from origin.worker_link import WorkerLink
from origin.worker_start import start_worker

log = structlog.get_logger("safelight.workers")

_LONGEST_PAUSE: Final = 30


class Crew:
    """One that died is replaced. One that has worked enough leaves when another is there.

    joined: called with each that can work from now on. relieved: with each whose successor has
    joined, and that is to be `replaced` when it has nothing to do.
    """

    def __init__(
        self,
        *,
        confinement: Confinement,
        span: Span,
        joined: Callable[[WorkerLink], None],
        relieved: Callable[[WorkerLink], None],
    ) -> None:
        self._confinement = confinement
        self._span = span
        self._joined = joined
        self._relieved = relieved
        self._all: dict[WorkerLink, Wear] = {}
        # These have a successor already.
        self._leaving: set[WorkerLink] = set()
        self._renewing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.layers: Mapping[str, Layer] = {}
        self.complaint = ""  # of the last that was to join and could not; none once one has
        self.recycled = 0

    @property
    def pids(self) -> list[int]:
        """Of the processes that live now."""
        return [worker.pid for worker in self._all]

    async def start(self, count: int) -> None:
        """So many at once; WorkerCrashed if one does not come up."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(count):
                    tasks.create_task(self._add())
        except BaseExceptionGroup as group:
            if group.subgroup((WorkerCrashed, OSError)) is None:
                raise
            raise WorkerCrashed(str(group.exceptions[0])) from group
        if without := missing(self.layers):
            log.warning("sandbox incomplete", **without)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._all))
        self._all.clear()

    def leaves(self, worker: WorkerLink) -> bool:
        """Whether its successor has joined."""
        return worker in self._leaving

    def replace(self, worker: WorkerLink) -> bool:
        """Killed, and replaced in the background; False if it is on its way already."""
        if not worker.leave():
            return False
        self._begin(self._replaced(worker))
        return True

    def worked(self, worker: WorkerLink) -> None:
        """It did a job. One at a time is renewed: while two start, others would have to wait for
        the processor.
        """
        why = self._all[worker].after_job()
        if why and not self._renewing and not worker.left and worker not in self._leaving:
            self._renewing = True
            self._begin(self._renewed(worker, why))

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
                self._complain(error, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _renewed(self, worker: WorkerLink, why: str) -> None:
        try:
            successor = await self._started()
            if worker.left:
                # It died meanwhile, and that has a successor come too.
                await successor.stop()
                self._all.pop(successor, None)
                return
            self._leaving.add(worker)
            self._joined(successor)
            self._relieved(worker)
            self.recycled += 1
            log.info("worker recycled", pid=worker.pid, reason=why)
        except (WorkerCrashed, OSError) as error:
            self._complain(error, _LONGEST_PAUSE)
            await asyncio.sleep(_LONGEST_PAUSE)
        finally:
            self._renewing = False

    async def _add(self) -> None:
        self._joined(await self._started())

    async def _started(self) -> WorkerLink:
        worker = await start_worker(confinement=self._confinement)
        self._all[worker] = Wear(self._span, worker.pid)
        self.layers = worker.layers
        self.complaint = ""
        return worker

    def _complain(self, error: Exception, pause: int) -> None:
        self.complaint = str(error)
        log.error("worker did not start", error=str(error), next_try_s=pause)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
