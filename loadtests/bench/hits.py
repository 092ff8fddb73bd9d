"""What a hit costs by tier, against a bare ASGI app, and what all tiers cost a first render.

The disk, Redis and object tiers are asked by a server without a memory tier, so that nothing is
promoted past them. Redis is Debian's, the object store rclone.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

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


def run(*, rounds: int = 7, requests: int = 4000, renders: int = 120) -> list[Table]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        tiers = stack.enter_context(_all_tiers(Path(folder)))
        root = Path(folder) / "pictures"
        root.mkdir()
        (root / "a.jpg").write_bytes(next(iter(photographs().values())))
        bare = stack.enter_context(bare_server())
        cases = [_Case("bare ASGI app", bare, get("/"), requests)]
        for name, settings in tiers.items():
            # A pointer that is looked up again and again would be measured as well.
            port = stack.enter_context(
                safelight(root, unsafe="1", pointer_ttl="100000", **_FIXED, **settings)
            )
            request = get(_PATH, Accept=_ACCEPT)
            _fill(port, request)
            few = requests if name == "memory" else requests // 8
            cases.append(_Case(f"{name} hit", port, request, few))
        for _ in range(rounds):
            for case in cases:
                case.measure()
        everything: dict[str, str] = {}
        for settings in tiers.values():
            everything |= settings
        everything["cache_memory_mb"] = "256"
        first = _first_render(root, everything, requests=renders)
    return [_hit_table(cases, rounds), first]


_FIXED = {"workers": "2"}
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


def _first_render(root: Path, settings: dict[str, str], *, requests: int) -> Table:
    """Alternately with and without tiers, each request for another result."""
    latencies: dict[str, list[float]] = {"without tiers": [], "with all tiers": []}
    with (
        safelight(root, unsafe="1", **_FIXED, **_NONE) as without,
        safelight(root, unsafe="1", **_FIXED, **settings) as having,
    ):
        ports = {"without tiers": without, "with all tiers": having}
        for number in itertools.chain([-1, -2], range(requests)):
            for kind, port in ports.items():
                request = get(_PATH.replace("/plain", f"/cb:{number}/plain"))
                outcome = _drive(port, [request], connections=1)
                if number >= 0:
                    latencies[kind] += outcome.latencies
    table = Table(title=f"A first render, one at a time ({requests} each, taking turns)")
    for column in ("kind", "p50 ms", "p99 ms", "p50 more"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    base = statistics.median(latencies["without tiers"])
    for kind, found in latencies.items():
        middle = statistics.median(found)
        table.add_row(
            kind,
            f"{middle * 1000:.1f}",
            f"{statistics.quantiles(found, n=100)[98] * 1000:.1f}",
            f"{(middle - base) * 1000:+.1f} ms",
        )
    return table


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
    outcome = asyncio.run(drive(port, requests, connections=connections))
    if set(outcome.statuses) != {200}:
        raise RuntimeError(f"expected 200 and nothing else, got {outcome.statuses}")
    return outcome
