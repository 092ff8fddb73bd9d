"""`python -m loadtests.simulation`: which tier would answer, and what a change of nodes costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtests.simulation.fleet import TIERS, Capacity, Change, Fleet, Tally, simulate
from loadtests.simulation.plot import draw
from loadtests.simulation.traffic import Request, Traffic

# Bytes per pixel of photographs as this server encodes them, from `make bench`.
_BYTES_PER_PIXEL = {"avif": 0.10, "webp": 0.13, "jpg": 0.18}
_STRETCHES = 40


def size_of(request: Request) -> int:
    """Bytes of a result of a 3:2 photograph."""
    pixels = request.width * request.width * 2 // 3
    return max(300, int(pixels * _BYTES_PER_PIXEL[request.format]))


def main(
    nodes: Annotated[int, typer.Option(help="how many at the start")] = 4,
    sources: Annotated[int, typer.Option(help="pictures in the catalogue")] = 50_000,
    alpha: Annotated[float, typer.Option(help="Zipf's exponent, 0.6 to 0.8 below a CDN")] = 0.8,
    requests: Annotated[int, typer.Option(help="in all")] = 400_000,
    memory_mb: Annotated[float, typer.Option(help="memory tier of each node")] = 256,
    disk_mb: Annotated[float, typer.Option(help="disk tier of each node")] = 1024,
    redis_mb: Annotated[float, typer.Option(help="Redis of all nodes; 0 is none")] = 0,
    objects: Annotated[bool, typer.Option(help="an object store for results")] = True,
    factor: Annotated[float, typer.Option(help="bounded load; 0 is no bound")] = 1.25,
    change: Annotated[
        bool, typer.Option(help="one node goes at half, another joins at 3/4")
    ] = True,
    seed: int = 1,
    plot: Annotated[Path | None, typer.Option(help="write a plot, PNG or SVG")] = None,
) -> None:
    """Simulate a fleet and print the share of each tier."""
    capacity = Capacity(
        memory=int(memory_mb * 2**20),
        disk=int(disk_mb * 2**20),
        redis=int(redis_mb * 2**20),
        objects=objects,
    )
    fleet = Fleet([f"node-{number}" for number in range(nodes)], capacity, factor=factor)
    changes = [Change(requests // 2, "node-0", False), Change(requests * 3 // 4, "new", True)]
    drawn = Traffic(sources, alpha).draw(requests, seed=seed)
    tally = simulate(
        fleet,
        track(drawn, "requests", requests, transient=True),
        size_of,
        changes=changes if change else (),
        stretch=max(1, requests // _STRETCHES),
    )
    Console().print(table_of(tally))
    if plot is not None:
        draw(tally, changes if change else (), plot)
        Console().print(f"plot: {plot}")


def table_of(tally: Tally) -> Table:
    """The shares in quarters of the run, so that a change between them is seen."""
    quarter = len(tally.stretches) // 4 or 1
    table = Table(title="Answers by tier")
    table.add_column("tier")
    parts = [tally.stretches[start : start + quarter] for start in range(0, 4 * quarter, quarter)]
    for number in range(len(parts)):
        table.add_column(f"quarter {number + 1}", justify="right")
    for tier in TIERS:
        table.add_row(tier, *(f"{_share(part, tier):.1%}" for part in parts))
    return table


def _share(part: Sequence[dict[str, int]], tier: str) -> float:
    total = sum(sum(stretch.values()) for stretch in part)
    return sum(stretch.get(tier, 0) for stretch in part) / total if total else 0.0


if __name__ == "__main__":
    typer.run(main)
