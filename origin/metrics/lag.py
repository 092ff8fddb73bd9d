"""How late the event loop does what it was to do: that slows down every request at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from origin.metrics.histogram import Histogram

_SECONDS: Final = 0.25


@asynccontextmanager
async def watching_lag(lag: Histogram, *, seconds: float = _SECONDS) -> AsyncIterator[None]:
    """Observed as often as that, until the block is left."""
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            due = loop.time() + seconds
            await asyncio.sleep(seconds)
            lag.observe(max(0.0, loop.time() - due))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
