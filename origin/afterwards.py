"""Work that nobody waits for, of which no trace may be left when the server ends."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any


class Afterwards:
    """Tasks with an owner. At most so many at once; what is beyond is not begun."""

    def __init__(self, *, most: int = 1024) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> bool:
        """Not in the context of the request, which will have been answered. False if full."""
        if len(self._tasks) >= self._most:
            work.close()
            return False
        task = asyncio.create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self, *, within: float = 5.0) -> None:
        """Waits so many seconds for all of it, then cancels what is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
