"""How a JPEG is stored, as its markers say, before a decoder is given any of it.

    SOI ─ segments: marker, length, content ─ SOF: size, components ─ … ─ SOS, scan ─ … ─ EOI

Walked as libjpeg walks it, so that both see the same scans: fill bytes, restart markers and what
lies between segments are passed over, lengths are believed, and EOI is the end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from transforms.codec import Bytes
from transforms.errors import BrokenSource

# Metadata takes a segment for each 64 KB, and a scan no more than a few.
MOST_SEGMENTS: Final = 20_000
MOST_COUNTED: Final = 1000
# Not 00, which is a byte of a scan, nor what stands alone: TEM, RST0 to RST7, fill bytes. Reserved
# ones are no segments for libjpeg either.
_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_SOS, _EOI = 0xDA, 0xD9
# DHT, JPG and DAC have their numbers among those of SOF.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COEFFICIENT: Final = 2
_BLOCK: Final = 8


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """sampling: across and down, of each component."""

    width: int
    height: int
    sampling: tuple[tuple[int, int], ...]

    @property
    def coefficient_bytes(self) -> int:
        """What a decoder holds that needs the coefficients of the whole picture."""
        across, down = (max(1, *steps) for steps in zip(*self.sampling, (1, 1), strict=True))
        return sum(
            _padded(self.width, step_x, across) * _padded(self.height, step_y, down) * _COEFFICIENT
            for step_x, step_y in self.sampling
        )


def read_frame(data: Bytes) -> JpegFrame:
    """BrokenSource if there is none before the first scan."""
    for marker, at in _segments(data):
        if marker == _SOS:
            break
        if marker in _FRAMES:
            _, height, width, count = struct.unpack(">BHHB", _exactly(data, at, 6))
            components = _exactly(data, at + 6, 3 * count)
            return JpegFrame(
                width, height, tuple((byte >> 4, byte & 15) for byte in components[1::3])
            )
    raise BrokenSource("JPEG: expected a frame header before the first scan, there was none")


def count_scans(data: Bytes) -> int:
    """Of the picture; more than MOST_COUNTED are not counted on."""
    scans = (marker for marker, _ in _segments(data) if marker == _SOS)
    return sum(1 for _ in islice(scans, MOST_COUNTED + 1))


def _segments(data: Bytes) -> Iterator[tuple[int, int]]:
    """Markers, and where their content begins; BrokenSource if there are more than anybody needs.

    What is in a scan is passed over by the search for the next marker.
    """
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            return
        marker, at = data[found.end() - 1], found.end()
        if marker == _EOI or len(data) < at + 2:
            return
        yield marker, at + 2
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
    raise BrokenSource(f"JPEG: expected at most {MOST_SEGMENTS} segments, there are more")


def _exactly(data: Bytes, at: int, count: int) -> bytes:
    content = data[at : at + count]
    if len(content) < count:
        raise BrokenSource("JPEG: the frame header ends early")
    return content


def _padded(length: int, step: int, most: int) -> int:
    """Samples of a component along one side, in whole blocks of whole units."""
    blocks = -(-length * step // (most * _BLOCK))
    return -(-blocks // max(1, step)) * max(1, step) * _BLOCK
