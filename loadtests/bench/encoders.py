"""What encoder settings cost: CPU time, bytes, and likeness to the picture that went in."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

import pyvips
from rich.table import Table

from loadtests.bench.pictures import photographs
from loadtests.bench.reduction import with_headroom
from loadtests.bench.similarity import ssim
from loadtests.bench.timing import cpu_ms

Save = Callable[[pyvips.Image], bytes]


def _jpeg(
    image: pyvips.Image,
    *,
    optimise: bool = True,
    progressive: bool = False,
    trellis: bool = False,
    scans: bool = False,
) -> bytes:
    return image.jpegsave_buffer(
        Q=80,
        optimize_coding=optimise,
        interlace=progressive,
        trellis_quant=trellis,
        optimize_scans=scans,
    )


def _webp(image: pyvips.Image, *, effort: int) -> bytes:
    return image.webpsave_buffer(Q=79, effort=effort)


def _avif(image: pyvips.Image, *, effort: int) -> bytes:
    return image.heifsave_buffer(Q=63, compression="av1", effort=effort, bitdepth=8)


def _png(image: pyvips.Image, *, filter: int, compression: int) -> bytes:
    return image.pngsave_buffer(filter=filter, compression=compression)


# The format's setting that Safelight uses stands first.
SETTINGS: dict[str, list[tuple[str, Save]]] = {
    "JPEG q80": [
        ("optimised", _jpeg),
        ("plain", partial(_jpeg, optimise=False)),
        ("progressive", partial(_jpeg, progressive=True)),
        ("trellis", partial(_jpeg, trellis=True)),
        ("trellis, scans", partial(_jpeg, trellis=True, scans=True, progressive=True)),
    ],
    "WebP q79": [
        (f"effort {effort}", partial(_webp, effort=effort)) for effort in (2, 0, 1, 3, 4, 6)
    ],
    "AVIF q63": [(f"effort {effort}", partial(_avif, effort=effort)) for effort in (0, 1, 2, 3, 4)],
    "PNG": [
        ("all filters, 6", partial(_png, filter=0xF8, compression=6)),
        ("no filter, 6", partial(_png, filter=0x08, compression=6)),
        ("all filters, 9", partial(_png, filter=0xF8, compression=9)),
    ],
}


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
                ms, data = cpu_ms(partial(save, picture))
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
