"""Cold transforms per second through HTTP, against the same libvips calls in a bare pool.

The two take turns of a second or less, so that a machine whose speed changes under its guests
changes for both. CPU time, which such changes move less, is told beside the rates.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pyvips
from rich.table import Table

from loadtests.bench.client import drive, get
from loadtests.bench.pictures import photographs
from loadtests.bench.processes import cpu_seconds, family
from loadtests.bench.servers import safelight
from transforms.codecs.avif import EFFORT as AVIF_EFFORT
from transforms.codecs.jpeg import HEADROOM
from transforms.codecs.webp import EFFORT as WEBP_EFFORT


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    width: int
    format: str


CASES = (
    Case("JPEG to WebP, 400 px", 400, "webp"),
    Case("JPEG to JPEG, 1200 px", 1200, "jpg"),
    Case("JPEG to AVIF, 400 px", 400, "avif"),
)


def bare_transform(path: str, width: int, format: str) -> int:
    """What Safelight asks of libvips for this URL, and nothing around it."""
    data = Path(path).read_bytes()
    header = pyvips.Image.jpegload_source(pyvips.Source.new_from_memory(data))
    turned = header.get("orientation") == 6 if header.get_typeof("orientation") else False
    wide, high = (header.height, header.width) if turned else (header.width, header.height)
    height = round(high * width / wide)
    shrink = next((by for by in (8, 4, 2) if by * HEADROOM <= wide / width), 1)
    image = pyvips.Image.jpegload_source(
        pyvips.Source.new_from_memory(data),
        shrink=shrink,
        access="sequential",
        fail_on="truncated",
    )
    across, down = (height, width) if turned else (width, height)
    image = image.resize(across / image.width, vscale=down / image.height)
    if turned:
        image = image.copy_memory().rot("d90")
    if format == "webp":
        return len(image.webpsave_buffer(Q=79, effort=WEBP_EFFORT, keep=0))
    if format == "avif":
        return len(
            image.heifsave_buffer(Q=63, compression="av1", effort=AVIF_EFFORT, bitdepth=8, keep=0)
        )
    return len(image.jpegsave_buffer(Q=80, optimize_coding=True, keep=0))


def prepare() -> None:
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)  # type: ignore[attr-defined]  # missing in the stubs


def run(*, rounds: int = 21, requests: int = 16) -> Table:
    cores = len(os.sched_getaffinity(0))
    table = Table(title=f"Cold transforms per second, {cores} cores (median of {rounds} rounds)")
    for column in ("case", "bare pool", "through HTTP", "ratio", "quartiles", "ratio in CPU time"):
        table.add_column(column, justify="left" if column == "case" else "right")
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=prepare)
    with TemporaryDirectory() as folder, pool:
        paths = []
        for name, data in photographs().items():
            (Path(folder) / name).write_bytes(data)
            paths.append(str(Path(folder) / name))
        chosen = list(itertools.islice(itertools.cycle(paths), requests))
        _bare_rate(pool, chosen, CASES[0])
        bare = family(os.getpid()) - {os.getpid()}
        with safelight(Path(folder), unsafe="1") as port:
            _our_rate(port, chosen, CASES[0], -1, connections=cores)
            ours = family(os.getpid()) - bare
            for case in CASES:
                table.add_row(case.title, *_row(pool, port, chosen, case, rounds, bare, ours))
    return table


def _row(
    pool: ProcessPoolExecutor,
    port: int,
    chosen: list[str],
    case: Case,
    rounds: int,
    bare: set[int],
    ours: set[int],
) -> list[str]:
    """bare, ours: the processes that take part; the client counts as ours."""
    bare_rates, our_rates, bare_cpu, our_cpu = [], [], 0.0, 0.0
    for turn in range(rounds + 1):
        start = cpu_seconds(bare), cpu_seconds(ours)
        bare_rate = _bare_rate(pool, chosen, case)
        between = cpu_seconds(bare), cpu_seconds(ours)
        our_rate = _our_rate(port, chosen, case, turn, connections=2 * len(os.sched_getaffinity(0)))
        if turn:  # the first one warms up
            bare_rates.append(bare_rate)
            our_rates.append(our_rate)
            bare_cpu += between[0] - start[0]
            our_cpu += cpu_seconds(ours) - between[1]
    ratios = [mine / theirs for mine, theirs in zip(our_rates, bare_rates, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    return [
        f"{statistics.median(bare_rates):.1f}",
        f"{statistics.median(our_rates):.1f}",
        f"{statistics.median(ratios):.0%}",
        f"{low:.0%} … {high:.0%}",
        f"{bare_cpu / our_cpu:.0%}",
    ]


def _bare_rate(pool: ProcessPoolExecutor, paths: list[str], case: Case) -> float:
    start = time.perf_counter()
    count = len(paths)
    list(pool.map(bare_transform, paths, [case.width] * count, [case.format] * count))
    return count / (time.perf_counter() - start)


def _our_rate(port: int, paths: list[str], case: Case, turn: int, *, connections: int) -> float:
    # The cachebuster keeps every request cold, whatever is cached.
    requests = [
        get(f"/_/w:{case.width}/cb:{turn}-{place}/plain/local:///{Path(path).name}@{case.format}")
        for place, path in enumerate(paths)
    ]
    outcome = asyncio.run(drive(port, requests, connections=connections))
    if set(outcome.statuses) != {200}:
        raise RuntimeError(f"{case.title}: {outcome.statuses}")
    return outcome.per_second
