"""The most memory that worker processes had in use, as the kernel counts it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

# A worker's own figure only ever grows, so looks may be far apart; only its death hides it.
_EVERY = 0.02


class Peak:
    """mb: of any of them, in 2^20 bytes."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self.mb = 0.0

    def look(self) -> None:
        self.mb = max([self.mb, *(peak_mb(pid) for pid in self._pids())])

    def reset(self) -> None:
        """From here on, as far as the kernel lets us: else it stays the most since the start."""
        for pid in self._pids():
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_bytes(b"5")
        self.mb = 0.0


def peak_mb(pid: int) -> float:
    """0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split()[0]) / 1024 if found else 0.0


@asynccontextmanager
async def watched(pids: Callable[[], Iterable[int]]) -> AsyncIterator[Peak]:
    peak = Peak(pids)

    async def watch() -> None:
        while True:
            peak.look()
            await asyncio.sleep(_EVERY)

    task = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        peak.look()
