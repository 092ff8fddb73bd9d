"""What processes hold of the machine at this moment, from /proc."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_PAGE = os.sysconf("SC_PAGE_SIZE")
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Vitals:
    """Of one process. rss: resident bytes. descriptors: 0 where only root may see them, as those of
    confined workers.
    """

    rss: int
    descriptors: int
    threads: int


def vitals(pid: int) -> Vitals:
    """FileNotFoundError or ProcessLookupError if there is no such process any more."""
    folder = Path(f"/proc/{pid}")
    rss = int((folder / "statm").read_text().split()[1]) * _PAGE
    threads = len(os.listdir(folder / "task"))
    try:
        return Vitals(rss, len(os.listdir(folder / "fd")), threads)
    except PermissionError:
        return Vitals(rss, 0, threads)


def descendants(pid: int) -> list[int]:
    """Processes that it has started, and those that they have, as far as they live."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


def opened(pid: int, stores: Mapping[int, str] = MappingProxyType({})) -> dict[str, int]:
    """What its descriptors are, and how many. Sockets are `socket`, or what the port at their other
    end is called in `stores`.
    """
    ports = _remote_ports()
    found = Counter[str]()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            kind, _, inode = os.readlink(link).rstrip("]").partition(":[")
            found[stores.get(ports.get(inode, 0), kind)] += 1
    return dict(sorted(found.items()))


def _remote_ports() -> dict[str, int]:
    """Inode of a socket → port of its peer; of connections that are made."""
    ports = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _ESTABLISHED:
                ports[fields[9]] = int(fields[2].rpartition(":")[2], 16)
    return ports
