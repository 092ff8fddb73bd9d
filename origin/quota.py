"""How many processors this process may use: the container's quota, not the host's cores."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cpu_quota(root: Path = _CGROUP) -> int:
    """At least 1. The smaller of the cgroup's quota (v2, then v1), rounded up, and the cores."""
    cores = len(os.sched_getaffinity(0))
    quota = _version_2(root / "cpu.max") or _version_1(root / "cpu")
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def _version_2(path: Path) -> float | None:
    words = _words(path)
    if len(words) != 2 or words[0] == "max":
        return None
    return _ratio(words[0], words[1])


def _version_1(folder: Path) -> float | None:
    quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
    return _ratio(quota[0], period[0]) if quota and period else None


def _ratio(quota: str, period: str) -> float | None:
    try:
        return int(quota) / int(period) if int(quota) > 0 < int(period) else None
    except ValueError:
        return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
