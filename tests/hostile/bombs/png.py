"""PNGs: sizes that lie, sizes that are true, metadata that inflates, chunks without end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from tests.hostile.bombs.deflated import zeros

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, RGBA = 0, 2, 6
_CHANNELS = {GREY: 1, RGB: 3, RGBA: 4}
# Column and row of the first pixel of each pass of Adam7, and how far apart they are.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(
    width: int, height: int, bits: int = 8, colour: int = RGB, *, interlace: int = 0
) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


END = chunk(b"IEND", b"")
_DOT = chunk(b"IDAT", zlib.compress((b"\0" + b"\xff\0\0" * 2) * 2))


def black(width: int, height: int, bits: int, colour: int, *, interlaced: bool = False) -> bytes:
    """A whole and valid picture."""
    depth = bits * _CHANNELS[colour]
    if interlaced:
        sizes = [
            (-(-(width - left) // across), -(-(height - top) // down))
            for left, top, across, down in _PASSES
        ]
    else:
        sizes = [(width, height)]
    length = sum(rows * (1 + -(-columns * depth // 8)) for columns, rows in sizes)
    start = header(width, height, bits, colour, interlace=int(interlaced))
    return SIGNATURE + start + chunk(b"IDAT", zeros(length)) + END


def dotted(*chunks: bytes) -> bytes:
    """Two by two pixels, with these chunks before them."""
    return SIGNATURE + header(2, 2) + b"".join(chunks) + _DOT + END


def _frames_declared() -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 2, 2, 0, 0, 1, 100, 0, 0)
    return dotted(chunk(b"acTL", struct.pack(">II", 100_000, 0)), chunk(b"fcTL", control))


BOMBS: dict[str, Callable[[], bytes]] = {
    "60000x60000, no data": lambda: (
        SIGNATURE + header(60000, 60000, 8, RGBA) + chunk(b"IDAT", zlib.compress(bytes(64))) + END
    ),
    "2147483647 squared": lambda: SIGNATURE + header(2**31 - 1, 2**31 - 1, 16, RGBA) + END,
    "no width": lambda: SIGNATURE + header(0, 10) + chunk(b"IDAT", zlib.compress(b"")) + END,
    "30000x30000 in one bit": lambda: black(30000, 30000, 1, GREY),
    "12000x12000 with alpha": lambda: black(12000, 12000, 8, RGBA),
    "9999x9999 in 16 bits with alpha": lambda: black(9999, 9999, 16, RGBA),
    "9999x9999 interlaced in 16 bits": lambda: black(9999, 9999, 16, RGBA, interlaced=True),
    "one column of 1000000": lambda: black(1, 1_000_000, 8, GREY),
    "one row of 1000000": lambda: black(1_000_000, 1, 8, RGB),
    "28 rows of 2000000 in 16 bits": lambda: black(2_000_000, 28, 16, RGB),
    "256 MB more pixels than it has": lambda: (
        SIGNATURE + header(64, 64) + chunk(b"IDAT", zeros(256 << 20)) + END
    ),
    "profile of 256 MB": lambda: dotted(chunk(b"iCCP", b"x\0\0" + zeros(256 << 20))),
    "text of 256 MB": lambda: dotted(chunk(b"zTXt", b"Comment\0\0" + zeros(256 << 20))),
    "packet of 256 MB": lambda: dotted(
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(256 << 20))
    ),
    "9 texts of 64 MB": lambda: dotted(chunk(b"zTXt", b"a\0\0" + zeros(64 << 20)) * 9),
    "20000 texts": lambda: dotted(*(chunk(b"tEXt", b"k%d\0v" % one) for one in range(20000))),
    "200000 empty chunks": lambda: dotted(chunk(b"abCd", b"") * 200_000),
    "100000 frames declared": _frames_declared,
    "chunk of 2 GB declared": lambda: SIGNATURE + header(2, 2) + b"\x7f\xff\xff\xffIDAT" + bytes(9),
}
