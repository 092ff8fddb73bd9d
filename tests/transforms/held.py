"""What decoding holds, and what was foreseen: a JSON line of megabytes for each kind of picture.

Run as a process of its own: its peak is measured, and libvips is forbidden to put pixels in files.
"""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyvips

from tests.jpegs import BASELINE, FULL, written
from tests.pictures import RED, animation, made, saved, sheet
from transforms.codec import Codec, Load
from transforms.codecs import sniffed
from transforms.engine import secure
from transforms.references import write_base64

SIDE = 2000
_STATUS = Path("/proc/self/status")
_DIRTY = Path("/proc/self/clear_refs")


def plain(*, bands: int = 3) -> pyvips.Image:
    """What it shows does not matter for what it takes."""
    space = {3: "srgb", 4: "cmyk"}[bands]
    return (
        (pyvips.Image.black(SIDE, SIDE, bands=bands) + 90).cast("uchar").copy(interpretation=space)
    )


def deep() -> pyvips.Image:
    return (plain() * 257).cast("ushort").copy(interpretation="rgb16")


def moving(kind: str) -> bytes:
    return animation([sheet(SIDE, SIDE, (level, 0, 0)) for level in (0, 90, 180)], kind)


def avif(image: pyvips.Image, bits: int) -> bytes:
    return image.heifsave_buffer(compression="av1", effort=0, Q=40, bitdepth=bits)


KINDS: dict[str, tuple[int, Callable[[], bytes]]] = {
    "jpeg": (1, lambda: written(SIDE, SIDE, kind=BASELINE)),
    "jpeg progressive": (1, lambda: written(SIDE, SIDE)),
    "jpeg progressive full": (1, lambda: written(SIDE, SIDE, sampling=FULL)),
    "png": (1, lambda: plain().pngsave_buffer(compression=1)),
    "png interlaced": (1, lambda: plain().pngsave_buffer(compression=1, interlace=True)),
    "png interlaced deep": (1, lambda: deep().pngsave_buffer(compression=1, interlace=True)),
    "webp": (1, lambda: plain().webpsave_buffer(effort=0)),
    "webp lossless": (1, lambda: plain().webpsave_buffer(effort=0, lossless=True)),
    "webp moving": (3, lambda: moving("webp")),
    "gif": (1, lambda: saved(sheet(SIDE, SIDE, RED), "gif")),
    "gif moving": (3, lambda: moving("gif")),
    "avif": (1, lambda: avif(plain(), 8)),
    "avif deep": (1, lambda: avif(deep(), 10)),
    "tiff": (1, lambda: plain().tiffsave_buffer(compression="lzw")),
    "tiff of large tiles": (
        1,
        lambda: plain().tiffsave_buffer(
            compression="lzw", tile=True, tile_width=2048, tile_height=2048
        ),
    ),
    "bmp": (1, lambda: saved(sheet(SIDE, SIDE, RED), "bmp")),
    "svg": (
        1,
        lambda: (
            b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
            + b'<rect x="1" y="2" width="3" height="4" fill="#123456"/>' * 25_000
            + b"</svg>"
        ),
    ),
}


def megabytes(name: str) -> float:
    """VmRSS is what is resident now, VmHWM the most since the last reset."""
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def peak_of(work: Callable[[], object]) -> float:
    # What others have left behind would be used again.
    ctypes.CDLL(None).malloc_trim(0)
    _DIRTY.write_text("5")
    before = megabytes("VmRSS")
    work()
    return megabytes("VmHWM") - before


def measured() -> Iterator[dict[str, Any]]:
    for kind, (frames, make) in KINDS.items():
        data = make()
        codec = sniffed(data)
        told: list[int] = []

        def decode(
            codec: Codec = codec, data: bytes = data, frames: int = frames, told: list[int] = told
        ) -> None:
            assert codec.load is not None
            header = codec.load(data, Load())
            told.append(codec.opening(data) + codec.burden(data, header, frames).memory)
            codec.load(data, Load(pages=frames)).avg()

        peak = peak_of(decode)
        yield {"kind": kind, "peak": peak, "foreseen": told[0] / 2**20}


def watermarked() -> None:
    """Scaled to 100 times the area of the picture that it lies on."""
    asked = f"wmu:{write_base64('mark')}/wm:1:ce:0:0:10@jpg"
    made(asked, saved(sheet(1500, 1500, RED), "jpeg"), assets={"mark": saved(sheet(30, 30, RED))})


if __name__ == "__main__":
    assert os.environ["VIPS_DISC_THRESHOLD"]
    # Once for what is loaded only once.
    made("@jpg", saved(sheet(9, 9, RED), "jpeg"))
    secure()
    for line in measured():
        print(json.dumps(line))
    print(json.dumps({"kind": "watermark", "peak": peak_of(watermarked), "foreseen": 0}))
