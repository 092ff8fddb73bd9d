"""Medians of repeated runs, in CPU time of this process, so that a busy machine matters less."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def cpu_ms(work: Callable[[], T], *, repeats: int = 3) -> tuple[float, T]:
    """Median CPU milliseconds, and the last result."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times), result
