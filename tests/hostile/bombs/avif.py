"""AVIFs: boxes in boxes, each with a size of its own, around a picture that may be shown often."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import pyvips
from PIL import Image


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, *parts: bytes) -> bytes:
    return box(kind, bytes(4), *parts)


@cache
def honest() -> bytes:
    """A picture of 64 x 64 grey pixels."""
    image = pyvips.Image.black(64, 64, bands=3) + 128
    return image.cast("uchar").heifsave_buffer(compression="av1", effort=0, keep=0)


@cache
def _coded() -> tuple[bytes, bytes]:
    """Its settings and its data, without the boxes around them."""
    whole = honest()
    at = whole.index(b"av1C")
    size = struct.unpack(">I", whole[at - 4 : at])[0]
    start = whole.index(b"mdat")
    length = struct.unpack(">I", whole[start - 4 : start])[0]
    return whole[at + 4 : at - 4 + size], whole[start + 4 : start - 4 + length]


@dataclass(frozen=True, slots=True)
class Item:
    """tiles: numbers of the items that it is made of."""

    number: int
    kind: bytes
    size: tuple[int, int]
    data: bytes
    tiles: Sequence[int] = ()


def of_items(items: Sequence[Item]) -> bytes:
    """A file with these, that shows the first. Those that are alike share their properties."""
    sizes = sorted({one.size for one in items})
    properties = box(
        b"ipco",
        full(b"pixi", b"\3\x08\x08\x08"),
        box(b"av1C", _coded()[0]),
        *(full(b"ispe", struct.pack(">II", *size)) for size in sizes),
    )
    uses = b"".join(
        struct.pack(">HBBBB", one.number, 3, sizes.index(one.size) + 3, 1, 0x82) for one in items
    )
    told = [
        box(b"infe", b"\2\0\0\0", struct.pack(">HH", one.number, 0), one.kind + b"\0")
        for one in items
    ]
    references = b"".join(
        box(b"dimg", struct.pack(f">HH{len(one.tiles)}H", one.number, len(one.tiles), *one.tiles))
        for one in items
        if one.tiles
    )
    stored = dict.fromkeys(one.data for one in items)
    offsets = dict(zip(stored, itertools.accumulate(map(len, stored), initial=0), strict=False))

    def meta(start: int) -> bytes:
        places = (
            struct.pack(">HHHII", one.number, 0, 1, start + offsets[one.data], len(one.data))
            for one in items
        )
        return full(
            b"meta",
            full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            full(b"pitm", struct.pack(">H", items[0].number)),
            full(b"iloc", b"\x44\0" + struct.pack(">H", len(items)), *places),
            full(b"iinf", struct.pack(">H", len(items)), *told),
            full(b"iref", references) if references else b"",
            box(b"iprp", properties, full(b"ipma", struct.pack(">I", len(items)), uses)),
        )

    first = box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    return first + meta(len(first) + len(meta(0)) + 8) + box(b"mdat", *stored)


def claiming(width: int, height: int) -> bytes:
    whole = honest()
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", width, height) + whole[at + 8 :]


def grid(columns: int, rows: int) -> bytes:
    """A table of the same tile over and over."""
    size = (64 * columns, 64 * rows)
    table = Item(1, b"grid", size, _table(columns, rows), [2] * (columns * rows))
    return of_items([table, Item(2, b"av01", (64, 64), _coded()[1])])


def _table(columns: int, rows: int) -> bytes:
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, 64 * columns, 64 * rows)


def _circle() -> bytes:
    two = _table(2, 1)
    return of_items(
        [Item(1, b"grid", (128, 64), two, [2, 2]), Item(2, b"grid", (128, 64), two, [1, 1])]
    )


def _moving(frames: int) -> bytes:
    out = io.BytesIO()
    pictures = [Image.new("RGB", (16, 16), (one % 256, 0, 0)) for one in range(frames)]
    pictures[0].save(out, "avif", save_all=True, append_images=pictures[1:], speed=10)
    return out.getvalue()


def _unreadable_name() -> bytes:
    """Metadata is called after its kind, and this kind is no text."""
    told = pyvips.Image.black(64, 64, bands=3).heifsave_buffer(compression="av1", effort=0)
    return told.replace(b"\0\2\0\0Exif\0", b"\0\2\0\0E\xf8if\0", 1)


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"dinf", inner)
    return box(b"ftyp", b"avif" + bytes(4) + b"avifmif1") + full(b"meta", inner)


_START = box(b"ftyp", b"avif" + bytes(4) + b"avifmif1")

BOMBS: dict[str, Callable[[], bytes]] = {
    "65535x65535": lambda: claiming(65535, 65535),
    "16384x16384": lambda: claiming(16384, 16384),
    "9999x9999": lambda: claiming(9999, 9999),
    "4294967295 squared": lambda: claiming(2**32 - 1, 2**32 - 1),
    "no size": lambda: claiming(0, 0),
    "without data": lambda: of_items([Item(1, b"av01", (9999, 9999), bytes(16))]),
    "one tile 65025 times": lambda: grid(255, 255),
    "one tile 15625 times": lambda: grid(125, 125),
    "one tile 144 times": lambda: grid(12, 12),
    "tiles in a circle": _circle,
    "60000 items": lambda: of_items(
        [Item(one, b"av01", (64, 64), _coded()[1]) for one in range(1, 60_001)]
    ),
    "metadata of no name": _unreadable_name,
    "300 frames": lambda: _moving(300),
    "5000 boxes in one another": lambda: _nested(5000),
    "box of 2 GB": lambda: _START + b"\x7f\xff\xff\xffmeta" + bytes(4),
    "box of no size": lambda: _START + bytes(4) + b"meta" + bytes(4),
    "only a beginning": lambda: box(b"ftyp", b"avif" + bytes(4) + b"avif"),
}
