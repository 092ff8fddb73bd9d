"""GIFs: a canvas costs nothing to declare, and a frame on it 24 bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable

_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_DELAY = b"\x21\xf9\x04\x08\x02\0\0\0"
# Clear, colour 0, end.
_PIXEL = b"\x02\x02\x44\x01\0"


def gif(width: int, height: int, frames: int, *, frame: tuple[int, int] = (1, 1)) -> bytes:
    start = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    one = _DELAY + b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + _PIXEL
    return start + _LOOP + one * frames + b"\x3b"


def _endless_comment() -> bytes:
    whole = gif(8, 8, 1)
    return whole[:-1] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0" + b"\x3b"


BOMBS: dict[str, Callable[[], bytes]] = {
    "65535x65535": lambda: gif(65535, 65535, 1),
    "5000x5000 in 1000 frames": lambda: gif(5000, 5000, 1000),
    "2000x2000 in 25 frames": lambda: gif(2000, 2000, 25),
    "700x700 in 200 frames": lambda: gif(700, 700, 200),
    "9999x9999": lambda: gif(9999, 9999, 1),
    "30000 frames of one pixel": lambda: gif(1, 1, 30_000),
    "frames larger than the canvas": lambda: gif(4, 4, 2, frame=(65535, 65535)),
    "no size": lambda: gif(0, 0, 1, frame=(0, 0)),
    "comment of 10 MB": _endless_comment,
    "end in the header": lambda: b"GIF89a\x10",
}
