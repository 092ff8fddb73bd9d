"""What processes have used of the CPU, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> set[int]:
    """The process and all that descend from it and live."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= family(int(child))
    return found


def descendants_cpu_seconds(pid: int) -> float:
    """Of all that descend from the process and live, with what their own dead children used."""
    total = 0
    for one in family(pid) - {pid}:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / _TICK


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of all of them together."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK
