"""Run the benchmarks and print their tables: `make bench`, or `python -m loadtests.bench NAME…`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pyvips
from rich.console import Console
from rich.table import Table

from loadtests.bench import encoders, floor, hits, reduction, throughput

BENCHMARKS: dict[str, Callable[[], Table | list[Table]]] = {
    "floor": floor.run,
    "hits": hits.run,
    "throughput": throughput.run,
    "reduction": reduction.run,
    "encoders": encoders.run,
}


def main(names: list[str]) -> int:
    console = Console(width=max(100, Console().width))
    if unknown := [name for name in names if name not in BENCHMARKS]:
        console.print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}")
        return 2
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)  # type: ignore[attr-defined]  # missing in the stubs
    for name in names or BENCHMARKS:
        with console.status(f"measuring {name} …"):
            tables = BENCHMARKS[name]()
        for table in tables if isinstance(tables, list) else [tables]:
            console.print(table, "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
