"""How far a picture may be decoded smaller: time and likeness to a full decode.

The headroom is how much larger than the result the decoded picture has to be; 1 is imgproxy's,
2 that of libvips' own `thumbnail`. `transforms.codecs.jpeg.HEADROOM` is what this table led to.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

import pyvips
from rich.table import Table

from loadtests.bench.pictures import photographs
from loadtests.bench.similarity import ssim
from loadtests.bench.timing import cpu_ms

WIDTHS = (160, 400, 800, 1200)
_FACTORS = (8, 4, 2)


def with_headroom(data: bytes, width: int, headroom: float) -> pyvips.Image:
    header = pyvips.Image.jpegload_buffer(data)
    wanted = header.width / width
    shrink = next((by for by in _FACTORS if by * headroom <= wanted), 1)
    image = pyvips.Image.jpegload_buffer(data, shrink=shrink, access="sequential")
    height = round(header.height * width / header.width)
    resized = image.resize(width / image.width, vscale=height / image.height).copy_memory()
    # A saver would note the turn that is still to be done, and a loader might do it.
    resized.remove("orientation")
    return resized


def by_thumbnail(data: bytes, width: int) -> pyvips.Image:
    header = pyvips.Image.jpegload_buffer(data)
    height = round(header.height * width / header.width)
    return pyvips.Image.thumbnail_buffer(
        data, width, height=height, no_rotate=True, size="force"
    ).copy_memory()


def run(widths: tuple[int, ...] = WIDTHS) -> Table:
    ways: dict[str, Callable[[bytes, int], pyvips.Image]] = {
        f"headroom {room:g}": partial(with_headroom, headroom=room)
        for room in (1.0, 1.15, 1.3, 1.5, 2.0)
    }
    ways["thumbnail"] = by_thumbnail
    sources = photographs()
    full = {
        (name, width): with_headroom(data, width, 1000)
        for name, data in sources.items()
        for width in widths
    }
    slowest = {
        width: statistics.mean(
            cpu_ms(partial(with_headroom, data, width, 1000), repeats=1)[0]
            for data in sources.values()
        )
        for width in widths
    }
    table = Table(title="Decoding smaller: CPU time as a share of a full decode, and SSIM to it")
    table.add_column("way")
    for width in widths:
        table.add_column(f"{width} px", justify="right")
    table.add_row("full decode", *(f"{slowest[width]:.0f} ms" for width in widths))
    for title, way in ways.items():
        cells = []
        for width in widths:
            times, likeness = [], []
            for name, data in sources.items():
                ms, image = cpu_ms(partial(way, data, width))
                times.append(ms)
                likeness.append(ssim(image, full[name, width]))
            share = statistics.mean(times) / slowest[width]
            cells.append(f"{share:5.0%}  {min(likeness):.4f}")
        table.add_row(title, *cells)
    return table
