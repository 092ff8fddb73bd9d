"""JPEGs: every scan of a progressive one walks all of its blocks, and is written in ten bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable

BASELINE, PROGRESSIVE, ARITHMETIC, LOSSLESS = 0xC0, 0xC2, 0xC9, 0xC3


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(
    width: int,
    height: int,
    *,
    kind: int = BASELINE,
    parts: int = 1,
    scans: int = 1,
    data: bytes = b"",
    each: bytes = b"",
    before: bytes = b"",
    bits: int = 8,
) -> bytes:
    """parts: colour channels. data: of the first scan, each: of those that follow; a decoder makes
    up what is missing, for a while.
    """
    channels = b"".join(bytes([one + 1, 0x11, 0]) for one in range(parts))
    out = b"\xff\xd8" + before + segment(0xDB, b"\0" + b"\x10" * 64)
    out += segment(kind, struct.pack(">BHHB", bits, height, width, parts) + channels)
    # Steady: "0" is a difference of nothing. Changing: "0" ends a block, "10" 2^14 blocks.
    out += segment(0xC4, b"\0" + bytes([1]) + bytes(15) + b"\0")
    out += segment(0xC4, b"\x10" + bytes([1, 1]) + bytes(14) + b"\0\xe0")
    if kind != PROGRESSIVE:
        return out + _scan(range(parts), 0, 63) + data + b"\xff\xd9"
    changing = b"".join(_scan([one % parts], 1, 63) + each for one in range(scans))
    return out + _scan(range(parts), 0, 0) + data + changing + b"\xff\xd9"


def unchanged(width: int, height: int) -> bytes:
    """The data of a whole scan that changes nothing: 32767 blocks in each two bytes."""
    blocks = -(-width // 8) * -(-height // 8)
    return b"\xbf\xff\0" * -(-blocks // 32767)


def _scan(parts: range | list[int], first: int, last: int) -> bytes:
    chosen = b"".join(bytes([one + 1, 0]) for one in parts)
    return segment(0xDA, bytes([len(parts)]) + chosen + bytes([first, last, 0]))


def exif(entries: bytes, *, count: int, following: int = 8) -> bytes:
    """A segment of metadata whose directory is followed by itself."""
    directory = struct.pack(">H", count) + entries + struct.pack(">I", following)
    return segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08" + directory)


def _profile_parts() -> bytes:
    piece = b"ICC_PROFILE\0%c\xff" + bytes(65000)
    return b"".join(segment(0xE2, piece % one) for one in range(1, 256))


_ODD_TURN = exif(struct.pack(">HHIHH", 0x112, 3, 1, 9, 0), count=1)
_FAR_AWAY = exif(struct.pack(">HHII", 0x8769, 4, 0x7FFFFFFF, 0x7FFFFFFF) * 3000, count=3000)

BOMBS: dict[str, Callable[[], bytes]] = {
    "65500x65500": lambda: jpeg(65500, 65500),
    "65500x65500 progressive": lambda: jpeg(65500, 65500, kind=PROGRESSIVE),
    "8000x8000 in 5000 scans": lambda: jpeg(
        8000,
        8000,
        kind=PROGRESSIVE,
        data=bytes(125_000),
        scans=5000,
        each=unchanged(8000, 8000),
    ),
    "8000x8000 in 90 empty scans": lambda: jpeg(8000, 8000, kind=PROGRESSIVE, parts=3, scans=90),
    "9999x9999 progressive in colour": lambda: jpeg(
        9999, 9999, kind=PROGRESSIVE, parts=3, data=bytes(5_000_000), scans=3
    ),
    "9999x9999 in CMYK": lambda: jpeg(9999, 9999, parts=4, data=bytes(5_000_000)),
    "64x64 in 50000 scans": lambda: jpeg(
        64, 64, kind=PROGRESSIVE, data=bytes(8), scans=50_000, each=unchanged(64, 64)
    ),
    "no height": lambda: jpeg(100, 0),
    "no data": lambda: jpeg(4000, 4000),
    "arithmetic coding": lambda: jpeg(4000, 4000, kind=ARITHMETIC),
    "lossless coding": lambda: jpeg(4000, 4000, kind=LOSSLESS),
    "12 bits": lambda: jpeg(4000, 4000, bits=12),
    "only a beginning": lambda: b"\xff\xd8\xff",
    "a million restarts": lambda: jpeg(64, 64, data=b"\0" + b"\xff\xd0" * 1_000_000),
    "10 MB of comments": lambda: jpeg(
        64, 64, data=bytes(16), before=segment(0xFE, b"x" * 65000) * 160
    ),
    "profile of 16 MB in 255 parts": lambda: jpeg(64, 64, data=bytes(16), before=_profile_parts()),
    "orientation 9, metadata in a circle": lambda: jpeg(64, 64, data=bytes(16), before=_ODD_TURN),
    "metadata that points far away": lambda: jpeg(64, 64, data=bytes(16), before=_FAR_AWAY),
    "one part of 65535 declared": lambda: b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\0\0MM\0*",
}
