"""Cold transforms per second through HTTP, against the same libvips calls in a bare pool."""

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


def run(*, rounds: int = 5, requests: int = 48) -> Table:
    cores = len(os.sched_getaffinity(0))
    table = Table(title=f"Cold transforms per second, {cores} cores (median of {rounds} rounds)")
    for column in ("case", "bare pool", "through HTTP", "ratio"):
        table.add_column(column, justify="left" if column == "case" else "right")
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=prepare)
    with TemporaryDirectory() as folder, pool, safelight(Path(folder), unsafe="1") as port:
        paths = []
        for name, data in photographs().items():
            (Path(folder) / name).write_bytes(data)
            paths.append(str(Path(folder) / name))
        for case in CASES:
            chosen = list(itertools.islice(itertools.cycle(paths), requests))
            ratios, bare_rates, our_rates = [], [], []
            for turn in range(rounds + 1):
                bare = _bare_rate(pool, chosen, case)
                ours = _our_rate(port, chosen, case, turn, connections=2 * cores)
                if turn:  # the first one warms up
                    bare_rates.append(bare)
                    our_rates.append(ours)
                    ratios.append(ours / bare)
            table.add_row(
                case.title,
                f"{statistics.median(bare_rates):.1f}",
                f"{statistics.median(our_rates):.1f}",
                f"{statistics.median(ratios):.0%}",
            )
    return table


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
