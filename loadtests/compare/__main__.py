"""`python -m loadtests.compare`: Safelight, Thumbor, ipx and nginx's image filter side by side."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import pyvips
import typer
from rich.console import Console

from loadtests.bench.pictures import photographs
from loadtests.compare.case import FULL, QUICK
from loadtests.compare.comparison import compare
from loadtests.compare.peers import STARTERS, started
from loadtests.compare.plot import draw
from loadtests.compare.tables import curve_table, notes, peers_table, timed_table, write_csv


def main(
    quick: Annotated[bool, typer.Option("--quick", help="one width, fewer rounds")] = False,
    folder: Annotated[Path, typer.Option(help="where compare.csv and compare.png go")] = Path(
        "bench-results"
    ),
    only: Annotated[
        list[str] | None, typer.Option(help=f"one of {', '.join(STARTERS)}; may be repeated")
    ] = None,
) -> None:
    """Print tables, write a CSV and a plot. The machine should have nothing else to do."""
    names = only or list(STARTERS)
    if unknown := sorted(set(names) - set(STARTERS)):
        raise typer.BadParameter(f"expected {', '.join(STARTERS)}, got {', '.join(unknown)}")
    # Otherwise the servers would go on without this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=max(120, Console().width))
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, console.status("starting the servers") as status:
        root = Path(name) / "pictures"
        root.mkdir()
        write_pictures(root)
        with started(root, Path(name), names) as (peers, missing):
            for line in missing:
                console.print(line)
            found = compare(peers, root, QUICK if quick else FULL, tell=status.update)
    console.print(
        peers_table(found), timed_table(found), curve_table(found), *notes(found), sep="\n"
    )
    write_csv(found, folder / "compare.csv")
    draw(found, folder / "compare.png")
    console.print(f"{folder / 'compare.csv'}, {folder / 'compare.png'}")


def write_pictures(root: Path) -> None:
    """Upright ones alone: most of the servers do not turn a picture by default."""
    for number, data in enumerate(photographs().values()):
        image = pyvips.Image.new_from_buffer(data, "")
        if not image.get_typeof("orientation") or image.get("orientation") in (0, 1):
            (root / f"{number}.jpg").write_bytes(data)


if __name__ == "__main__":
    typer.run(main)
