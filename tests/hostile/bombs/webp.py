"""WebPs: a lossless one of a single colour needs 20 bytes, whatever its size."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.hostile.bombs.deflated import zeros

_MOST = 16384
_ICC, _ALPHA, _MOVES = 0x20, 0x10, 0x02


def plain(width: int, height: int) -> bytes:
    """The data of a lossless picture of one colour."""
    bits: list[int] = []

    def put(value: int, count: int) -> None:
        bits.extend((value >> place) & 1 for place in range(count))

    put(width - 1, 14)
    put(height - 1, 14)
    put(1, 1)
    put(0, 3)
    put(0, 3)  # no transform, no colour cache, no groups
    for symbol in (0x80, 0x40, 0xC0, 0xFF, 0):
        put(0b101, 3)
        put(symbol, 8)
    packed = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        packed[place >> 3] |= bit << (place & 7)
    return b"\x2f" + bytes(packed)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def moving(width: int, height: int, frames: int, *, frame: tuple[int, int] = (16, 16)) -> bytes:
    picture = riff((b"VP8L", plain(*frame)))[12:]
    one = _three(0, 0, frame[0] - 1, frame[1] - 1, 10) + b"\0" + picture
    return riff(
        (b"VP8X", _extended(_MOVES | _ALPHA, width, height)),
        (b"ANIM", bytes(6)),
        *[(b"ANMF", one)] * frames,
    )


def _extended(flags: int, width: int, height: int) -> bytes:
    return bytes([flags, 0, 0, 0]) + _three(width - 1, height - 1)


def _three(*values: int) -> bytes:
    return b"".join(struct.pack("<I", value)[:3] for value in values)


def _lying() -> bytes:
    whole = riff((b"VP8L", plain(64, 64)))
    return whole[:4] + b"\xff\xff\xff\x7f" + whole[8:]


BOMBS: dict[str, Callable[[], bytes]] = {
    "16384x16384": lambda: riff((b"VP8L", plain(_MOST, _MOST))),
    "9999x9999": lambda: riff((b"VP8L", plain(9999, 9999))),
    "canvas of 16777216x255": lambda: riff(
        (b"VP8X", _extended(0, 1 << 24, 255)), (b"VP8L", plain(1, 1))
    ),
    "8000x8000 in 500 frames": lambda: moving(8000, 8000, 500),
    "2000x2000 in 25 frames": lambda: moving(2000, 2000, 25, frame=(2000, 2000)),
    "700x700 in 200 frames": lambda: moving(700, 700, 200, frame=(700, 700)),
    "5000 frames of 16x16": lambda: moving(16, 16, 5000),
    "frames larger than the canvas": lambda: moving(16, 16, 2, frame=(8000, 8000)),
    "2 GB declared": _lying,
    "profile that is none": lambda: riff(
        (b"VP8X", _extended(_ICC, 64, 64)),
        (b"ICCP", zeros(64 << 20)),
        (b"VP8L", plain(64, 64)),
    ),
}
