"""What encoder settings cost: CPU time, bytes, and likeness to the picture that went in."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pyvips
from rich.table import Table

from loadtests.bench.pictures import photographs
from loadtests.bench.reduction import with_headroom
from loadtests.bench.similarity import ssim
from loadtests.bench.timing import cpu_ms

Save = Callable[[pyvips.Image], bytes]

# The format's setting that Safelight uses stands first.
SETTINGS: dict[str, list[tuple[str, Save]]] = {
    "JPEG q80": [
        ("optimised", lambda image: image.jpegsave_buffer(Q=80, optimize_coding=True)),
        ("plain", lambda image: image.jpegsave_buffer(Q=80)),
        ("progressive", lambda image: image.jpegsave_buffer(Q=80, optimize_coding=True, interlace=True)),
        ("trellis", lambda image: image.jpegsave_buffer(Q=80, optimize_coding=True, trellis_quant=True)),
        (
            "trellis, scans",
            lambda image: image.jpegsave_buffer(
                Q=80, trellis_quant=True, optimize_scans=True, interlace=True
            ),
        ),
    ],
    "WebP q79": [
        (f"effort {effort}", lambda image, effort=effort: image.webpsave_buffer(Q=79, effort=effort))
        for effort in (2, 0, 1, 3, 4, 6)
    ],
    "AVIF q63": [
        (
            f"effort {effort}",
            lambda image, effort=effort: image.heifsave_buffer(
                Q=63, compression="av1", effort=effort, bitdepth=8
            ),
        )
        for effort in (0, 1, 2, 3, 4)
    ],
    "PNG": [
        ("all filters, 6", lambda image: image.pngsave_buffer(filter=0xF8, compression=6)),
        ("no filter, 6", lambda image: image.pngsave_buffer(filter=0x08, compression=6)),
        ("all filters, 9", lambda image: image.pngsave_buffer(filter=0xF8, compression=9)),
    ],
}  # fmt: skip


def run(width: int = 800) -> Table:
    pictures = [with_headroom(data, width, 2.0) for data in photographs().values()]
    table = Table(title=f"Encoders at {width} px: settings in use first, others against them")
    for column in ("format", "setting", "CPU ms", "time", "bytes", "SSIM"):
        table.add_column(column, justify="left" if column in ("format", "setting") else "right")
    for name, settings in SETTINGS.items():
        base: tuple[float, float] | None = None
        for title, save in settings:
            times, sizes, likeness = [], [], []
            for picture in pictures:
                ms, data = cpu_ms(lambda s=save, p=picture: s(p))
                times.append(ms)
                sizes.append(len(data))
                likeness.append(ssim(pyvips.Image.new_from_buffer(data, ""), picture))
            ms, size = statistics.mean(times), statistics.mean(sizes)
            base = base or (ms, size)
            table.add_row(
                name, title, f"{ms:.1f}", f"{ms / base[0]:.2f}", f"{size / base[1]:.2f}",
                f"{statistics.mean(likeness):.4f}",
            )  # fmt: skip
        table.add_section()
    return table
