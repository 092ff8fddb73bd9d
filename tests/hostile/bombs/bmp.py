"""BMPs, which a reader of ours decodes."""

from __future__ import annotations

import struct
from collections.abc import Callable


def bmp(
    width: int,
    height: int,
    *,
    bits: int = 24,
    coding: int = 0,
    colours: int = 0,
    body: bytes = b"",
    header: int = 40,
    at: int = 54,
) -> bytes:
    start = b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, at)
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, coding, 0, 0, 0, colours, 0)
    return start + info + body


BOMBS: dict[str, Callable[[], bytes]] = {
    "100000x100000": lambda: bmp(100_000, 100_000),
    "9999x9999 without data": lambda: bmp(9999, 9999),
    "4999x4999 in one bit": lambda: bmp(4999, 4999, bits=1, body=bytes(628 * 4999 + 8), at=62),
    "least height": lambda: bmp(1, -(2**31), bits=1),
    "least width": lambda: bmp(-(2**31), 1, bits=32),
    "2^32 colours": lambda: bmp(8, 8, bits=8, colours=2**32 - 1, body=bytes(64)),
    "9999x9999 run-length coded": lambda: bmp(9999, 9999, bits=8, coding=1, body=b"\xff\0" * 999),
    "header of 4 GB": lambda: bmp(8, 8, header=2**32 - 1, body=bytes(192)),
    "pixels behind the end": lambda: bmp(8, 8, at=2**32 - 1, body=bytes(192)),
    "png inside": lambda: bmp(8, 8, coding=5, body=bytes(192)),
}
