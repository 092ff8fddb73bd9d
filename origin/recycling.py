"""When a worker has worked enough: libraries leak a little, and memory comes apart over time."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
# So that workers that began together do not end together.
_SPREAD = 0.1
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """How long a worker is kept: jobs, give or take a tenth, and resident bytes; 0 is no end."""

    jobs: int = 10_000
    max_rss: int = 512 << 20


def resident_bytes(pid: int) -> int:
    """What the kernel says; 0 if it says nothing."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


class Wear:
    """What one worker has done. chance: 0 to 1, where in the spread its end lies."""

    def __init__(
        self,
        span: Span,
        pid: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        rss: Callable[[int], int] = resident_bytes,
    ) -> None:
        self._pid = pid
        self._clock = clock
        self._rss = rss
        self._most_jobs = round(span.jobs * (1 - _SPREAD + 2 * _SPREAD * chance()))
        self._max_rss = span.max_rss
        self._jobs = 0
        self._look_at = clock() + _LOOK_SECONDS

    def after_job(self) -> str:
        """Why it is due, or nothing; a look at its size costs, so there is one a second at most."""
        self._jobs += 1
        if self._most_jobs and self._jobs >= self._most_jobs:
            return f"{self._jobs} jobs"
        if not self._max_rss or self._clock() < self._look_at:
            return ""
        self._look_at = self._clock() + _LOOK_SECONDS
        rss = self._rss(self._pid)
        return f"{rss >> 20} MB resident" if rss > self._max_rss else ""
