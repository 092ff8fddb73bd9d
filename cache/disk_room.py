"""How much may be written before the file system is too full for everybody else on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

_SPARE_SHARE = 50
_SPARE_BYTES = 64 << 20
# Of a small file system, more than this is ours to fill.
_LARGEST_SPARE_SHARE = 4
_FRESH_SECONDS = 1.0


class FreeRoom:
    """The last 64 MB stay free (on a small file system the last quarter), and at least 2 %."""

    def __init__(
        self,
        folder: Path,
        *,
        spare_bytes: int = _SPARE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._spare_bytes = spare_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._left = 0
        self._asked: float | None = None

    def lacking(self, size: int) -> int:
        """How many bytes must go before so many can come; 0 if they fit. OSError if unknown."""
        now = self._clock()
        if self._asked is None or now - self._asked >= _FRESH_SECONDS:
            left = self._ask()
            with self._lock:
                self._left, self._asked = left, now
        return max(0, size - self._left)

    def changed(self, by: int) -> None:
        """So many bytes were written; negative: deleted."""
        with self._lock:
            self._left -= by

    def _ask(self) -> int:
        facts = os.statvfs(self._folder)
        free = facts.f_bavail * facts.f_frsize
        total = (facts.f_blocks - facts.f_bfree) * facts.f_frsize + free
        if not facts.f_blocks:
            return 1 << 62  # Some file systems do not say.
        spare = min(self._spare_bytes, total // _LARGEST_SPARE_SHARE)
        return free - max(spare, total // _SPARE_SHARE)
