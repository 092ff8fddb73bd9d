"""The most memory that a server and all its processes held, as far as one looked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loadtests.soak.vitals import descendants, vitals

_EVERY_SECONDS = 0.2


class Footprint:
    """peak: bytes. What processes share is shared out among them (PSS), so that the sum is true."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak = held(pid)

    @contextmanager
    def watched(self) -> Iterator[None]:
        left = threading.Event()

        def look() -> None:
            while not left.wait(_EVERY_SECONDS):
                self.peak = max(self.peak, held(self._pid))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            left.set()
            watcher.join()


def held(pid: int) -> int:
    """Bytes at this moment; of processes that only root may look into all that is resident."""
    total = 0
    for one in (pid, *descendants(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):
            try:
                total += _shared_out(one)
            except PermissionError:
                total += vitals(one).rss
    return total


def _shared_out(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
