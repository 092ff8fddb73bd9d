"""Send spoilt pictures through a pool of real workers, as many at a time as there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from loadtests.fuzz.case import Case
from loadtests.fuzz.outcome import Outcome, attempt
from origin.workers import Workers


async def fuzz(
    workers: Workers,
    cases: Iterable[Case],
    *,
    seconds: float,
    noted: Callable[[Case, Outcome], None],
) -> None:
    """seconds: for one case. `noted` hears of each as it is done."""
    left = iter(cases)
    async with asyncio.TaskGroup() as tasks:
        # One that waits in the queue would use up its time there.
        for _ in range(workers.count):
            tasks.create_task(_work(workers, left, seconds, noted))


async def _work(
    workers: Workers,
    cases: Iterator[Case],
    seconds: float,
    noted: Callable[[Case, Outcome], None],
) -> None:
    for case in cases:
        noted(case, await attempt(workers, case.plan, case.data, seconds=seconds))
