"""What each bomb costs: `python -m tests.hostile [WORD…]`, those that have a word in their name."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtests.fuzz.case import planned
from loadtests.fuzz.memory import watched
from loadtests.fuzz.outcome import attempt
from origin.workers import open_workers
from tests.hostile.bombs import BOMBS
from tests.hostile.siege import THUMBNAIL
from transforms.limits import Limits

_SECONDS = 10.0


async def costs(words: list[str]) -> Table:
    table = Table("bomb", "bytes", "seconds", "MB", "answer", title=f"Bombs, {THUMBNAIL}")
    chosen = [name for name in BOMBS if not words or any(word in name for word in words)]
    for name in track(chosen):
        data = BOMBS[name]()
        # A worker of its own for each: what one leaves behind is no fault of the next.
        async with (
            open_workers(1, Limits()) as workers,
            watched(lambda workers=workers: workers.pids) as peak,  # type: ignore[misc]
        ):
            outcome = await attempt(workers, planned(THUMBNAIL), data, seconds=_SECONDS)
        told = f"{outcome.seconds:.2f}", f"{peak.mb:,.0f}", str(outcome)[:100]
        table.add_row(name, f"{len(data):,}", *told)
    return table


if __name__ == "__main__":
    Console(width=150).print(asyncio.run(costs(sys.argv[1:])))
