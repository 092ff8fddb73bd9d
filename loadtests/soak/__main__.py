"""`make soak`, or `python -m loadtests.soak [--minutes 20] [--csv FILE]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from loadtests.soak.run import Outcome, soak
from loadtests.soak.samples import write
from loadtests.soak.verdict import table
from loadtests.soak.world import open_world

_CSV = Path("bench-results/soak.csv")
_SAMPLES = 300
_LONG_MINUTES = 2.0


def main() -> int:
    """0 if everything stayed flat."""
    arguments = _arguments()
    seconds, console = 60 * arguments.minutes, Console()
    with TemporaryDirectory(prefix="soak-") as folder, open_world(Path(folder)) as world:
        console.print(f"Tiers: {', '.join(world.tiers)}; sources: {', '.join(world.where)}")
        with console.status("starting") as status:
            outcome = asyncio.run(
                soak(
                    world,
                    seconds=seconds,
                    every=max(0.5, seconds / _SAMPLES),
                    tell=status.update,
                    fill=arguments.minutes >= _LONG_MINUTES,
                )
            )
    write(outcome.samples, arguments.csv)
    _show(outcome, console)
    console.print(f"Samples: {arguments.csv.resolve()}")
    return 1 if outcome.problems else 0


def _show(outcome: Outcome, console: Console) -> None:
    console.print(table(outcome.trends))
    for name, count in sorted(outcome.statuses.items()):
        console.print(f"{count:7} {name}", highlight=False)
    for problem in outcome.problems:
        console.print(f"NOT FLAT: {problem}", style="red", markup=False, highlight=False)
    if not outcome.problems:
        console.print("Flat: nothing grows, nothing is left open.", style="green")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="of mixed work")
    parser.add_argument("--csv", type=Path, default=_CSV, help="where the samples go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
