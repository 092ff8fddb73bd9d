"""What dear work, and a source that hangs, change for everybody else.

AVIFs take processor time, and where there are no cores to spare that alone slows everything down,
whatever lane they are in. So there is a third turn: as many AVIFs are made beside the server, by a
process of the same priority. What is left is what the server itself does to the small pictures.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from loadtests.bench.client import get
from loadtests.bench.pictures import photographs
from loadtests.bench.servers import safelight
from loadtests.overload.ballast import ballast
from loadtests.overload.cores import divide, divide_for, only_on
from loadtests.overload.hosts import picture_host, small_picture
from loadtests.overload.turns import (
    DISTURBED,
    QUIET,
    Comparison,
    Disturbance,
    by_turns,
    clients,
    nothing,
)

BESIDE: Final = "as many AVIFs beside the server"
_WORKERS: Final = 2
_AVIF_CLIENTS: Final = 4
_AVIF_WIDTH: Final = 3200
_SLOW_CLIENTS: Final = 50
_SLOW_SECONDS: Final = 10.0
_FIXED: Final = {"unsafe": "1", "workers": str(_WORKERS), "cache_memory_mb": "0"}


def run(*, rounds: int, seconds: float, say: Callable[[str], None]) -> list[Comparison]:
    """seconds: of one turn."""
    with TemporaryDirectory() as folder:
        return [
            uvloop.run(beside_avifs(Path(folder), rounds=rounds, seconds=seconds, say=say)),
            uvloop.run(beside_hanging_host(Path(folder), rounds=rounds, seconds=seconds, say=say)),
        ]


async def beside_avifs(
    root: Path, *, rounds: int, seconds: float, say: Callable[[str], None]
) -> Comparison:
    """Of two workers AVIFs may have one."""
    name, data = next(iter(photographs().items()))
    (root / name).write_bytes(data)
    (root / "small.jpg").write_bytes(small_picture())
    cores = divide_for(_WORKERS)
    spare = len(os.sched_getaffinity(0)) > _WORKERS + 1
    small = (get(f"/_/w:300/cb:{n}/plain/local:///small.jpg@jpg") for n in itertools.count())
    avifs = (
        get(f"/_/w:{_AVIF_WIDTH}/cb:{n}/plain/local:///{name}@avif") for n in itertools.count()
    )
    statuses: dict[int, int] = {}
    with ExitStack() as stack:
        with only_on(cores.server):
            port = stack.enter_context(safelight(root, **_FIXED))
        turns: dict[str, Disturbance] = {
            QUIET: nothing,
            BESIDE: lambda: ballast(root / name, _AVIF_WIDTH, cores.server),
            DISTURBED: lambda: clients(port, _AVIF_CLIENTS, avifs, statuses),
        }
        found = await by_turns(port, small, turns, rounds=rounds, seconds=seconds, say=say)
    against = QUIET if spare else BESIDE
    return Comparison("JPEGs beside AVIFs", against, 1.2, found, statuses)


async def beside_hanging_host(
    root: Path, *, rounds: int, seconds: float, say: Callable[[str], None]
) -> Comparison:
    """Two web hosts, of which one takes ten seconds for everything. The generator, which is both
    hosts and all clients, has a core of its own.
    """
    statuses: dict[int, int] = {}
    cores = divide()
    async with picture_host() as fine, picture_host(seconds=_SLOW_SECONDS) as slow:
        with ExitStack() as stack:
            stack.enter_context(only_on(cores.generator))
            settings = {
                **_FIXED,
                "workers": str(len(cores.server)),
                "http_allow": f"127.0.0.1:{fine},127.0.0.1:{slow}",
                "http_allow_private": "1",
            }
            with only_on(cores.server):
                port = stack.enter_context(safelight(root, **settings))
            small, hanging = _of_host(fine), _of_host(slow)
            turns: dict[str, Disturbance] = {
                QUIET: nothing,
                DISTURBED: lambda: clients(port, _SLOW_CLIENTS, hanging, statuses),
            }
            found = await by_turns(port, small, turns, rounds=rounds, seconds=seconds, say=say)
    return Comparison("one host beside another that hangs", QUIET, 1.1, found, statuses)


def _of_host(port: int) -> Iterator[bytes]:
    for number in itertools.count():
        yield get(f"/_/w:300/plain/http://127.0.0.1:{port}/{number}.jpg@jpg")
