"""AVIFs made beside the server: what the processor, and nothing of ours, does to everybody else.

`python -m loadtests.overload.ballast PICTURE WIDTH` makes them until it is ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from loadtests.bench.throughput import bare_transform, prepare
from loadtests.overload.cores import only_on

_NICE: Final = 5  # as the workers are


@asynccontextmanager
async def ballast(picture: Path, width: int, cores: frozenset[int]) -> AsyncIterator[None]:
    """One process, until the block is left."""
    with only_on(cores):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "loadtests.overload.ballast", str(picture), str(width),
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def main(picture: str, width: int) -> None:
    os.nice(_NICE)
    prepare()
    while True:
        bare_transform(picture, width, "avif")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
