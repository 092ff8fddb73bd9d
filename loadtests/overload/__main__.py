"""`python -m loadtests.overload` (`make overload`): a server at ten times what it can do.

`… lanes` measures what saturated AVIFs, and a bucket that hangs, change for everybody else.
The exit code is 1 if a bar is missed. `--json FILE` keeps the figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from rich.console import Console

from loadtests.bench.processes import descendants_cpu_seconds
from loadtests.bench.servers import safelight
from loadtests.overload import lanes
from loadtests.overload.cores import divide, only_on
from loadtests.overload.figures import Bars, Figures, figures
from loadtests.overload.surge import Load, surge
from loadtests.overload.tables import lanes_table, surge_table
from loadtests.overload.traffic import open_traffic, put_pictures


def main(words: list[str]) -> int:
    arguments = _read(words)
    console = Console(width=max(100, Console().width))
    say = console.print
    if arguments.what == "lanes":
        found = lanes.run(rounds=arguments.rounds, seconds=arguments.round_seconds, say=say)
        say(lanes_table(found))
        misses = [miss for one in found for miss in one.misses()]
        _keep(arguments.json, [dataclasses.asdict(one) for one in found])
    else:
        seconds = arguments.seconds
        load = Load(seconds, arguments.times, capacity_seconds=min(10.0, seconds / 10))
        result = overload(load, console)
        say(surge_table(result, Bars()))
        misses = result.misses(Bars())
        _keep(arguments.json, dataclasses.asdict(result))
    for miss in misses:
        say(f"missed: {miss}")
    return 1 if misses else 0


def overload(load: Load, console: Console) -> Figures:
    """Of a server with a worker for each core but the generator's."""
    cores = divide()
    workers = len(cores.server)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        names = put_pictures(Path(folder))
        with only_on(cores.server):
            server = safelight(Path(folder), unsafe="1", workers=str(workers))
            port = stack.enter_context(server)
        with only_on(cores.generator):
            traffic = open_traffic(port, names)
            found = uvloop.run(
                surge(
                    port,
                    traffic,
                    load,
                    workers=workers,
                    cpu_seconds=lambda: descendants_cpu_seconds(os.getpid()),
                    say=console.print,
                )
            )
    return figures(found)


def _read(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.overload", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("surge", "lanes"), default="surge")
    parser.add_argument("--seconds", type=float, default=300.0, help="of overload")
    parser.add_argument("--times", type=float, default=10.0, help="the capacity")
    parser.add_argument("--rounds", type=int, default=9, help="of lanes")
    parser.add_argument("--round-seconds", type=float, default=8.0, help="of each side of a round")
    parser.add_argument("--json", type=Path, help="where the figures are kept")
    return parser.parse_args(words)


def _keep(path: Path | None, found: Any) -> None:
    if path is not None:
        path.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
