"""JPEGs written marker by marker: of any size and number of scans at next to no cost, all grey."""

from __future__ import annotations

import struct
from collections.abc import Sequence

BASELINE, PROGRESSIVE = 0xC0, 0xC2
HALVED = ((2, 2), (1, 1), (1, 1))
FULL = ((1, 1), (1, 1), (1, 1))
GREY = ((1, 1),)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def written(
    width: int,
    height: int,
    *,
    sampling: Sequence[tuple[int, int]] = HALVED,
    kind: int = PROGRESSIVE,
    scans: int = 4,
    before: bytes = b"",
    between: bytes = b"",
) -> bytes:
    """A progressive one has that many scans. before: of the first; between: before each other."""
    names = range(1, len(sampling) + 1)
    parts = b"".join(
        bytes([name, across << 4 | down, 0])
        for name, (across, down) in zip(names, sampling, strict=True)
    )
    out = b"\xff\xd8" + segment(0xDB, b"\0" + b"\x10" * 64) + before
    out += segment(kind, struct.pack(">BHHB", 8, height, width, len(sampling)) + parts)
    # Steady: "0" is a difference of nothing. Changing: "0" ends a block, "10" 2^14 of them.
    out += segment(0xC4, b"\0" + bytes([1]) + bytes(15) + b"\0")
    out += segment(0xC4, b"\x10" + bytes([1, 1]) + bytes(14) + b"\0\xe0")
    if kind == BASELINE:
        return out + _scan(names, 0, 63) + bytes(2 * _bits(width, height, sampling)) + b"\xff\xd9"
    out += _scan(names, 0, 0) + bytes(_bits(width, height, sampling))
    for number in range(scans - 1):
        chosen = number % len(sampling)
        out += between + _scan([chosen + 1], 1, 63) + _unchanged(width, height, sampling, chosen)
    return out + b"\xff\xd9"


def _scan(names: Sequence[int], first: int, last: int) -> bytes:
    chosen = b"".join(bytes([name, 0]) for name in names)
    return segment(0xDA, bytes([len(names)]) + chosen + bytes([first, last, 0]))


def _bits(width: int, height: int, sampling: Sequence[tuple[int, int]]) -> int:
    """Bytes of a scan with a bit for each block."""
    across, down = _most(sampling)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    return -(-units * sum(one * other for one, other in sampling) // 8)


def _unchanged(width: int, height: int, sampling: Sequence[tuple[int, int]], chosen: int) -> bytes:
    """A scan that changes nothing: 32767 blocks in two bytes, and one for the look of it."""
    across, down = _most(sampling)
    columns = -(-width * sampling[chosen][0] // (8 * across))
    rows = -(-height * sampling[chosen][1] // (8 * down))
    return b"\xbf\xff\0" * -(-columns * rows // 32767)


def _most(sampling: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max(one for one, _ in sampling), max(other for _, other in sampling)
