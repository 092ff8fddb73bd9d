"""What all tiers cost a first render: nothing is found in any of them, and all are written to.

The servers take turns, and what one writes behind its answer has ended before the other is asked.
Each server rests in between, so what it runs is not in the caches of the processor any more: that
makes everything that Python does take five times as long as in a loop, as it does where there are
twenty first renders a second.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.table import Table

from loadtests.bench.client import drive, get
from loadtests.bench.servers import safelight

_PATH: Final = "/_/rs:fit:400:400/cb:{}/plain/local:///{}@webp"
# From then on, a render begins while the object store is asked.
_FIRST: Final = 24
# Disk, Redis and rclone have finished by then.
_SETTLING_SECONDS: Final = 0.05


def run(
    root: Path,
    picture: str,
    *,
    without: Mapping[str, str],
    having: Mapping[str, str],
    requests: int,
) -> Table:
    """without, having: settings of the two servers. requests: to each."""
    with (
        safelight(root, **without) as bare_port,
        safelight(root, **having) as full_port,
    ):
        ports = {"without tiers": bare_port, "with all tiers": full_port}
        found = asyncio.run(_take_turns(ports, picture, requests))
    table = Table(title=f"A first render, one at a time ({requests} each, taking turns)")
    for column in ("kind", "p50 ms", "p99 ms", "p50 more"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    base = statistics.median(found["without tiers"])
    for kind, latencies in found.items():
        middle = statistics.median(latencies)
        table.add_row(
            kind,
            f"{middle * 1000:.1f}",
            f"{statistics.quantiles(latencies, n=100)[98] * 1000:.1f}",
            f"{(middle - base) * 1000:+.1f} ms",
        )
    return table


async def _take_turns(
    ports: Mapping[str, int], picture: str, requests: int
) -> dict[str, list[float]]:
    """Seconds of each, by kind, without the first ones, when little is known yet."""
    latencies: dict[str, list[float]] = {kind: [] for kind in ports}
    for number in range(-_FIRST, requests):
        for kind, port in ports.items():
            outcome = await drive(port, [get(_PATH.format(number, picture))], connections=1)
            found = outcome.only(200).latencies
            if number >= 0:
                latencies[kind] += found
            await asyncio.sleep(_SETTLING_SECONDS)
    return latencies
