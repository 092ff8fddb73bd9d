"""Notices that the event loop stands still, and says where: nothing in it could say so itself.

The stacks of all threads go to stderr, written by a thread of the C library's making, which needs
no lock of Python's: what holds it is often why nothing turns.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TextIO

import structlog

log = structlog.get_logger("safelight.watchdog")

_SECONDS: Final = 5.0
_BEATS: Final = 5  # in the time that is called a standstill


class _Heart:
    def __init__(self, seconds: float, stream: TextIO) -> None:
        self._seconds = seconds
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        now = self._loop.time()
        if now - self._last > self._seconds:
            log.error("event loop stood still", seconds=round(now - self._last, 1))
        self._last = now
        # Beginning anew ends the one before: it speaks once in a standstill, or never.
        faulthandler.dump_traceback_later(self._seconds, file=self._stream)
        self._timer = self._loop.call_later(self._seconds / _BEATS, self.beat)

    def stop(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        if self._timer is not None:
            self._timer.cancel()


@asynccontextmanager
async def heartbeat(
    *, seconds: float = _SECONDS, stream: TextIO | None = None
) -> AsyncIterator[None]:
    """Of the running loop, one in a process. The stream needs a descriptor; stderr without one."""
    heart = _Heart(seconds, sys.stderr if stream is None else stream)
    heart.beat()
    try:
        yield
    finally:
        heart.stop()
