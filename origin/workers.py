"""Pixel work in processes of its own: spawned, killed at the deadline, replaced when they die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
from anyio import to_process

from origin.errors import Overloaded, WorkerCrashed
from transforms.encode import Encoded
from transforms.engine import secure
from transforms.limits import Limits
from transforms.pipeline import run
from transforms.plan import Plan

# Requests that may wait per worker; more are turned away at once.
_QUEUE_PER_WORKER = 64


class Workers:
    """At most `count` processes. A caller that is cancelled kills the process that works for it,
    because nothing else stops an AVIF encoder.
    """

    def __init__(self, count: int, limits: Limits) -> None:
        self._limiter = anyio.CapacityLimiter(count)
        self._limits = limits
        self.count = count

    async def render(self, plan: Plan, data: bytes, assets: Mapping[str, bytes]) -> Encoded:
        """The plan carried out; TransformError, Overloaded or WorkerCrashed."""
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self.count * _QUEUE_PER_WORKER:
            raise Overloaded(f"{waiting} requests wait for {self.count} workers")
        try:
            return await to_process.run_sync(
                _render, plan, data, assets, self._limits, cancellable=True, limiter=self._limiter
            )
        except anyio.BrokenWorkerProcess as error:
            raise WorkerCrashed(f"a worker died on {plan.source}") from error

    async def warm(self) -> None:
        """Starts every process, so that the first requests do not wait for it."""
        async with anyio.create_task_group() as tasks:
            for _ in range(self.count):
                tasks.start_soon(self._warm_one)

    async def _warm_one(self) -> None:
        await to_process.run_sync(secure, cancellable=True, limiter=self._limiter)


def _render(plan: Plan, data: bytes, assets: Mapping[str, bytes], limits: Limits) -> Encoded:
    return run(plan, data, assets=assets, limits=limits)


@asynccontextmanager
async def open_workers(count: int, limits: Limits) -> AsyncIterator[Workers]:
    workers = Workers(count, limits)
    await workers.warm()
    yield workers
