"""TIFFs: numbers that point anywhere, at anything, as often as one likes."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.hostile.bombs.deflated import zeros

_SHORT, _LONG = 3, 4
_DEFLATE, _LZW, _JPEG, _PACKED, _FAX = 8, 5, 7, 32773, 4
Tags = dict[int, tuple[int, int, int]]


def tiff(
    width: int, height: int, *, body: bytes = bytes(64), tags: Tags | None = None, after: int = 0
) -> bytes:
    """One page of one strip. tags: kind, count and value in place of its own; after: the next."""
    known: Tags = {
        256: (_LONG, 1, width),
        257: (_LONG, 1, height),
        258: (_SHORT, 1, 8),
        259: (_SHORT, 1, 1),
        262: (_SHORT, 1, 1),
        273: (_LONG, 1, 0),
        277: (_SHORT, 1, 1),
        278: (_LONG, 1, height),
        279: (_LONG, 1, len(body)),
        **(tags or {}),
    }
    behind = 8 + 2 + 12 * len(known) + 4
    known[273] = (*known[273][:2], known[273][2] or behind)
    return b"II*\0\x08\0\0\0" + _directory(known, after) + body


def pages(count: int) -> bytes:
    """Each page is one pixel, and the next directory follows at once."""
    page = _directory(_dot(0), 0)
    # All of them share what is not there: the pixel is the first byte of the file.
    places = (8 + number * len(page) for number in range(1, count))
    chained = (page[:-4] + struct.pack("<I", place) for place in places)
    return b"II*\0\x08\0\0\0" + b"".join(chained) + page


def _dot(at: int) -> Tags:
    one = (_SHORT, 1, 1)
    return {256: one, 257: one, 258: (_SHORT, 1, 8), 259: one, 262: one, 273: (_LONG, 1, at),
            277: one, 278: one, 279: one}  # fmt: skip


def _directory(tags: Tags, after: int) -> bytes:
    entries = b"".join(
        struct.pack("<HHII", tag, kind, count, value)
        for tag, (kind, count, value) in sorted(tags.items())
    )
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", after)


def _deflated(width: int, height: int, *, rows: int = 0) -> bytes:
    """Valid, all black; in one strip, or in equal ones that share their bytes."""
    rows = rows or height
    strips = height // rows
    strip = zeros(width * rows)
    start = tiff(width, height, tags={259: (_SHORT, 1, _DEFLATE), 278: (_LONG, 1, rows)})
    if strips == 1:
        return start[:-64].replace(struct.pack("<I", 64), struct.pack("<I", len(strip))) + strip
    behind = len(start) - 64
    places = behind + len(strip)
    tags = {
        259: (_SHORT, 1, _DEFLATE),
        278: (_LONG, 1, rows),
        273: (_LONG, strips, places),
        279: (_LONG, strips, places + 4 * strips),
    }
    whole = tiff(width, height, tags=tags, body=strip)
    return whole + struct.pack("<I", behind) * strips + struct.pack("<I", len(strip)) * strips


BOMBS: dict[str, Callable[[], bytes]] = {
    "100000x100000": lambda: tiff(100_000, 100_000),
    "4294967295 squared": lambda: tiff(2**32 - 1, 2**32 - 1),
    "20000x20000": lambda: _deflated(20_000, 20_000),
    "10000x10000 in one strip": lambda: _deflated(10_000, 10_000),
    "10000x10000 in 10000 strips": lambda: _deflated(10_000, 10_000, rows=1),
    "1x100000 in 100000 strips": lambda: _deflated(1, 100_000, rows=1),
    "2000000x40": lambda: _deflated(2_000_000, 40),
    "9000x9000 with one byte": lambda: tiff(9000, 9000, body=b"\0"),
    "65535 channels": lambda: tiff(900, 900, tags={277: (_SHORT, 1, 65535)}),
    "2^32 strips": lambda: tiff(8, 8, tags={273: (_LONG, 2**32 - 1, 8), 278: (_LONG, 1, 1)}),
    "tiles of 2^31": lambda: tiff(
        8, 8, tags={322: (_LONG, 1, 2**31 - 16), 323: (_LONG, 1, 2**31 - 16), 324: (_LONG, 1, 8)}
    ),
    "profile of 2 GB": lambda: tiff(8, 8, tags={34675: (7, 2**31 - 1, 8)}),
    "directories in a circle": lambda: tiff(8, 8, after=8),
    "strip behind the end": lambda: tiff(8, 8, body=bytes(8), tags={279: (_LONG, 1, 2**31 - 1)}),
    "strip before the beginning": lambda: tiff(8, 8, tags={273: (_LONG, 1, 2**32 - 1)}),
    "10000 pages": lambda: pages(10_000),
    "65535 tags": lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(12 * 65535),
    "directory behind the end": lambda: b"II*\0\xff\xff\xff\x7f" + bytes(64),
    "large, 2^63 tags": lambda: b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 64,
    **{
        f"9000x9000 in coding {coding}": lambda coding=coding: tiff(  # type: ignore[misc]
            9000, 9000, body=bytes(5000), tags={259: (_SHORT, 1, coding)}
        )
        for coding in (_LZW, _JPEG, _PACKED, _FAX, 34676, 34712, 34887, 34925, 50000, 50001)
    },
}
