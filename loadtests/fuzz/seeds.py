"""Whole pictures to spoil: small ones made on the spot, and those of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips

# What a case costs beside the size of its picture, in bytes: a small one is chosen more often.
_FLOOR = 4_000
# Made to be slow; they are spoilt too, but seldom.
_BOMB, _BOMB_FACTOR = "gen-", 20
_WIDE, _HIGH = 40, 28

_SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="40" height="28" viewBox="0 0 80 56"><defs><linearGradient id="g"><stop offset="0"
 stop-color="red"/><stop offset="1" stop-color="#00f8"/></linearGradient><filter id="f">
<feGaussianBlur stdDeviation="2"/><feOffset dx="1"/></filter><clipPath id="c"><circle cx="20"
 cy="20" r="15"/></clipPath><pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse">
<path d="M0 0L4 4"/></pattern><g id="u"><rect width="9" height="9" rx="2"/></g></defs>
<rect width="80" height="56" fill="url(#g)" filter="url(#f)"/><use xlink:href="#u" x="9"/>
<path d="M1 1C2 3 4 5 6 7S8 9 10 11A5 5 0 0 1 9 9Z" fill="url(#p)" clip-path="url(#c)"/>
<text x="3" y="50" font-size="12">Ab<tspan dy="-3">c</tspan></text></svg>"""


@dataclass(frozen=True, slots=True)
class Seed:
    """weight: how often it is chosen."""

    name: str
    data: bytes
    weight: float


def seeds(corpus: Path | None) -> list[Seed]:
    """Those that are made, then the pictures below the folder, in an order that stays the same."""
    found = [_seed(f"made/{name}", data) for name, data in _made()]
    if corpus is not None:
        for path in sorted(corpus.glob("*/*")):
            if path.suffix != ".py":
                found.append(_seed(f"{path.parent.name}/{path.name}", path.read_bytes()))
    return found


def _seed(name: str, data: bytes) -> Seed:
    factor = _BOMB_FACTOR if Path(name).name.startswith(_BOMB) else 1
    return Seed(name, data, 1 / (_FLOOR + len(data)) / factor)


def _made() -> Iterator[tuple[str, bytes]]:
    """One of every kind that decoders have a path of their own for."""
    colours, clear, strip = _colours(), _clear(), _strip()
    grey, deep = colours[0], (colours.cast("ushort") * 257).cast("ushort")
    deep = deep.copy(interpretation="rgb16")
    told = _told(colours)
    yield "plain.jpg", told.jpegsave_buffer(Q=90)
    yield "progressive.jpg", told.jpegsave_buffer(interlace=True, subsample_mode="off")
    yield "grey.jpg", grey.jpegsave_buffer()
    yield "restarts.jpg", colours.jpegsave_buffer(restart_interval=2)
    yield "cmyk.jpg", clear.copy(interpretation="cmyk").jpegsave_buffer()
    yield "plain.png", told.pngsave_buffer(profile="srgb")
    yield "clear.png", clear.pngsave_buffer(filter=0xF8)
    yield "interlaced.png", clear.pngsave_buffer(interlace=True)
    yield "deep.png", deep.pngsave_buffer(bitdepth=16)
    yield "palette.png", clear.pngsave_buffer(palette=True, bitdepth=4)
    yield "bits.png", grey.pngsave_buffer(bitdepth=1)
    yield "still.gif", clear.gifsave_buffer()
    yield "moving.gif", strip.gifsave_buffer()
    yield "interlaced.gif", strip.gifsave_buffer(interlace=True)
    yield "lossy.webp", told.webpsave_buffer(profile="srgb")
    yield "clear.webp", clear.webpsave_buffer(Q=60, alpha_q=50)
    yield "lossless.webp", clear.webpsave_buffer(lossless=True)
    yield "moving.webp", strip.webpsave_buffer()
    yield "plain.avif", told.heifsave_buffer(compression="av1", effort=0)
    yield "clear.avif", clear.heifsave_buffer(compression="av1", effort=0)
    yield "deep.avif", deep.heifsave_buffer(compression="av1", effort=0, bitdepth=10)
    for way in ("none", "lzw", "deflate", "packbits", "jpeg"):
        yield f"{way}.tif", told.tiffsave_buffer(compression=way)
    yield "fax.tif", grey.tiffsave_buffer(compression="ccittfax4", bitdepth=1)
    yield "tiled.tif", colours.tiffsave_buffer(tile=True, tile_width=16, tile_height=16)
    yield "pages.tif", strip.tiffsave_buffer(bigtiff=True)
    yield "deep.tif", deep.tiffsave_buffer(compression="deflate", predictor="horizontal")
    yield "float.tif", colours.cast("float").copy(interpretation="scrgb").tiffsave_buffer()
    yield "plain.bmp", _bmp()
    yield "plain.svg", _SVG


def _colours() -> pyvips.Image:
    place = pyvips.Image.xyz(_WIDE, _HIGH)
    bands: list[Any] = [place[1] * 9, (place[0] * place[1]) % 251]
    return (place[0] * 6).bandjoin(bands).cast("uchar").copy(interpretation="srgb")


def _clear() -> pyvips.Image:
    alpha = (pyvips.Image.xyz(_WIDE, _HIGH)[0] * 6).cast("uchar")
    return _colours().bandjoin(alpha)


def _strip() -> pyvips.Image:
    """Three frames, one below the other."""
    frames: list[Any] = [_clear().rot("d180"), _clear().invert()]
    image = _clear()
    for frame in frames:
        image = image.join(frame, "vertical")
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", _HIGH)
    image.set_type(pyvips.GValue.array_int_type, "delay", [40, 50, 60])
    image.set_type(pyvips.GValue.gint_type, "loop", 0)
    return image


def _told(image: pyvips.Image) -> pyvips.Image:
    """With metadata that has readers of ours."""
    image = image.copy()
    text = pyvips.GValue.gstr_type
    for name, value in (
        ("exif-ifd0-Orientation", "6"),
        ("exif-ifd0-Copyright", "Copyright of somebody"),
        ("exif-ifd2-DateTimeOriginal", "2020:01:01 00:00:00"),
        ("exif-ifd3-GPSLatitude", "51/1 30/1 0/1"),
    ):
        image.set_type(text, name, value)
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf="
    packet += (
        b"'http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description/></rdf:RDF></x:xmpmeta>"
    )
    image.set_type(pyvips.GValue.blob_type, "xmp-data", packet)  # type: ignore[arg-type]
    return image


def _bmp() -> bytes:
    stride = _WIDE * 3
    header = b"BM" + (54 + stride * _HIGH).to_bytes(4, "little") + bytes(4)
    header += (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    header += _WIDE.to_bytes(4, "little") + _HIGH.to_bytes(4, "little")
    header += b"\1\0\x18\0" + bytes(24)
    return header + bytes(place % 256 for place in range(stride * _HIGH))
