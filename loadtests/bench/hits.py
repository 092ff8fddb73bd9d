"""What a hit costs by tier, against a bare ASGI app, and what all tiers cost a first render.

The disk, Redis and object tiers are asked by a server without a memory tier, so that nothing is
promoted past them. Redis is Debian's, the object store rclone.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from loadtests.bench import first_render
from loadtests.bench.client import Outcome, drive, get
from loadtests.bench.pictures import photographs
from loadtests.bench.servers import bare_server, safelight
from loadtests.bench.stores import object_store, redis_server

_PATH = "/_/rs:fit:400:400/plain/local:///a.jpg@webp"
_ACCEPT = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
_CONNECTIONS = 16


@dataclass(slots=True)
class _Case:
    title: str
    port: int
    request: bytes
    requests: int
    rates: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def measure(self) -> None:
        outcome = _drive(self.port, [self.request] * self.requests, connections=_CONNECTIONS)
        self.rates.append(outcome.per_second)
        self.p99.append(statistics.quantiles(outcome.latencies, n=100)[98])


def run(*, rounds: int = 7, requests: int = 12000, renders: int = 120) -> list[Table]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        tiers = stack.enter_context(_all_tiers(Path(folder)))
        root = Path(folder) / "pictures"
        root.mkdir()
        (root / "a.jpg").write_bytes(next(iter(photographs().values())))
        bare = stack.enter_context(bare_server())
        cases = [_Case("bare ASGI app", bare, get("/"), requests)]
        for name, settings in tiers.items():
            port = stack.enter_context(safelight(root, **_FIXED, **settings))
            request = get(_PATH, Accept=_ACCEPT)
            _fill(port, request)
            few = requests if name == "memory" else requests // 24
            cases.append(_Case(f"{name} hit", port, request, few))
        for _ in range(rounds):
            for case in cases:
                case.measure()
        everything: dict[str, str] = {}
        for settings in tiers.values():
            everything |= settings
        everything["cache_memory_mb"] = "256"
        first = first_render.run(
            root,
            "a.jpg",
            without={**_FIXED, **_NONE},
            having={**_FIXED, **everything},
            requests=renders,
        )
    return [_hit_table(cases, rounds), first]


# A pointer that is looked up again and again would be measured as well.
_FIXED = {"workers": "2", "unsafe": "1", "pointer_ttl": "100000"}
_NONE = {"cache_memory_mb": "0"}


@contextmanager
def _all_tiers(folder: Path) -> Iterator[Mapping[str, dict[str, str]]]:
    """Tier -> the settings that switch on that one alone."""
    with redis_server(folder) as redis, object_store(folder) as store:
        yield {
            "memory": {"cache_memory_mb": "256"},
            "disk": {**_NONE, "cache_disk_dir": str(folder / "disk")},
            "redis": {**_NONE, "cache_redis_url": redis},
            "objects": {**_NONE, **store},
        }


def _fill(port: int, request: bytes) -> None:
    """The first render, and its way into the tier."""
    _drive(port, [request], connections=1)
    asyncio.run(asyncio.sleep(0.5))
    _drive(port, [request], connections=1)


def _hit_table(cases: list[_Case], rounds: int) -> Table:
    table = Table(title=f"Hits by tier (median of {rounds} rounds, one server process each)")
    for column in ("request", "per second", "p99 ms", "of the bare app"):
        table.add_column(column, justify="left" if column == "request" else "right")
    floor = cases[0].rates
    for case in cases:
        ratios = [mine / bare for mine, bare in zip(case.rates, floor, strict=True)]
        table.add_row(
            case.title,
            f"{statistics.median(case.rates):,.0f}",
            f"{statistics.median(case.p99) * 1000:.1f}",
            f"{statistics.median(ratios):.0%}",
        )
    return table


def _drive(port: int, requests: list[bytes], *, connections: int) -> Outcome:
    return asyncio.run(drive(port, requests, connections=connections)).only(200)
