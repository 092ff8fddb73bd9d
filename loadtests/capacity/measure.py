"""What each way to answer costs of the processor, measured on a server of this machine.

CPU time and not time: it is the same on a machine that has other things to do, but for what caches
and clock rates do to it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from loadtests.bench.client import drive, get
from loadtests.bench.pictures import photographs
from loadtests.bench.servers import safelight_process
from loadtests.bench.stores import object_store, redis_server
from loadtests.capacity.model import Costs
from loadtests.soak.vitals import descendants

FORMATS = ("avif", "webp", "jpg")
_TICK = os.sysconf("SC_CLK_TCK")
_NO_MEMORY = {"cache_memory_mb": "0"}
_FIXED = {"unsafe": "1", "workers": "2", "pointer_ttl": "100000"}


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of the server itself, and of its workers."""

    server: float
    workers: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A server under measurement."""

    port: int
    pid: int

    def spent(self, paths: Iterable[str], *, connections: int = 4) -> Spent:
        """On these; RuntimeError if an answer is not 200."""
        requests = [get(path) for path in paths]
        before = self._used()
        asyncio.run(drive(self.port, requests, connections=connections)).only(200)
        after = self._used()
        return Spent(after.server - before.server, after.workers - before.workers)

    def _used(self) -> Spent:
        return Spent(_cpu_seconds(self.pid), sum(map(_cpu_seconds, descendants(self.pid))))


def measure(*, hits: int = 3000, renders: int = 40, width: int = 640) -> Costs:
    """On photographs of 8 to 24 megapixels, by tiers that this machine has the servers for."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "pictures"
        root.mkdir()
        for number, data in enumerate(photographs().values()):
            (root / f"{number}.jpg").write_bytes(data)
        pictures = len(list(root.iterdir()))
        costs = dict.fromkeys(("memory",), 0.0)
        with _tiers(folder) as tiers:
            for tier, settings in tiers.items():
                with served(root, **settings) as server:
                    path = f"/_/w:{width}/plain/local:///0.jpg@webp"
                    server.spent([path])
                    asyncio.run(asyncio.sleep(0.3))  # written behind the answer
                    count = hits if tier == "memory" else hits // 8
                    costs[tier] = 1000 * server.spent([path] * count).server / count
        misses, render = [], {}
        with served(root, **_NO_MEMORY) as server:
            for ending in FORMATS:
                paths = [
                    f"/_/w:{width}/cb:{number}/plain/local:///{number % pictures}.jpg@{ending}"
                    for number in range(renders)
                ]
                spent = server.spent(paths, connections=2)
                misses.append(1000 * spent.server / renders)
                render[ending] = 1000 * spent.workers / renders
    return Costs(costs, sum(misses) / len(misses), render)


@contextmanager
def served(root: Path, **settings: str) -> Iterator[Measured]:
    """A server that has nothing else to do any more."""
    with safelight_process(root, **_FIXED, **settings) as (port, pid):
        yield Measured(port, pid)


@contextmanager
def _tiers(folder: Path) -> Iterator[Mapping[str, dict[str, str]]]:
    with ExitStack() as stack:
        tiers = {
            "memory": {"cache_memory_mb": "256"},
            "disk": {**_NO_MEMORY, "cache_disk_dir": str(folder / "disk")},
        }
        if which("redis-server"):
            url = stack.enter_context(redis_server(folder))
            tiers["redis"] = {**_NO_MEMORY, "cache_redis_url": url}
        store = stack.enter_context(object_store(folder))
        tiers["objects"] = {**_NO_MEMORY, **store}
        yield tiers


def _cpu_seconds(pid: int) -> float:
    """User and system time until now; of its ended children as well, for replaced workers."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
