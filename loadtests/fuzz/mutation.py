"""Ways to spoil the bytes of a picture, each decided by a random generator that can be seeded."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

# Where formats say how large everything is: half of all mutations go there.
_HEAD = 256
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_FLIPS = 16
_MOST_MOVED = 64
# What overflows, wraps round, or counts as negative.
_ODD = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff", b"\0\0")


@dataclass(frozen=True, slots=True)
class Spoilt:
    """words: what was done, for a person."""

    data: bytes
    words: str


def spoil(data: bytes, chance: random.Random) -> Spoilt:
    """Bits flipped in six of ten, cut in two, else something longer, shorter or odd."""
    way = chance.choices(list(_WAYS), weights=list(_WAYS.values()))[0]
    spoilt = way(bytearray(data), chance)
    if data.startswith(_PNG) and chance.random() < 0.5:
        return Spoilt(mended(spoilt.data), f"{spoilt.words}, sums mended")
    return spoilt


def mended(data: bytes) -> bytes:
    """A PNG whose chunks have the right sums again: with wrong ones no decoder looks further."""
    out, place = bytearray(data), len(_PNG)
    while place + 12 <= len(out):
        end = place + 8 + int.from_bytes(out[place : place + 4], "big")
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(out)


def flip(data: bytearray, chance: random.Random) -> Spoilt:
    places = [_place(data, chance) for _ in range(chance.choice((1, 1, 2, 4, _MOST_FLIPS)))]
    bits = [chance.randrange(8) for _ in places]
    for place, bit in zip(places, bits, strict=True):
        data[place] ^= 1 << bit
    flipped = ", ".join(f"{place}.{bit}" for place, bit in zip(places, bits, strict=True))
    return Spoilt(bytes(data), f"flipped bits {flipped}")


def cut(data: bytearray, chance: random.Random) -> Spoilt:
    length = _place(data, chance)
    return Spoilt(bytes(data[:length]), f"cut to {length} bytes")


def odd(data: bytearray, chance: random.Random) -> Spoilt:
    place, value = _place(data, chance), chance.choice(_ODD)
    data[place : place + len(value)] = value
    return Spoilt(bytes(data), f"{value.hex()} at {place}")


def drop(data: bytearray, chance: random.Random) -> Spoilt:
    place, length = _place(data, chance), chance.randint(1, _MOST_MOVED)
    del data[place : place + length]
    return Spoilt(bytes(data), f"{length} bytes left out at {place}")


def repeat(data: bytearray, chance: random.Random) -> Spoilt:
    place, length = _place(data, chance), chance.randint(1, _MOST_MOVED)
    times = chance.choice((1, 2, 1000))
    data[place:place] = data[place : place + length] * times
    return Spoilt(bytes(data), f"{length} bytes repeated at {place}, {times} times")


_WAYS: dict[Callable[[bytearray, random.Random], Spoilt], int] = {
    flip: 60, cut: 20, odd: 10, drop: 5, repeat: 5,
}  # fmt: skip


def _place(data: bytearray, chance: random.Random) -> int:
    most = len(data) if chance.random() < 0.5 else min(_HEAD, len(data))
    return chance.randrange(most)
