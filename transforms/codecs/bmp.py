"""BMP, read only, by our own bounds-checked reader: libvips as it comes has none."""

from __future__ import annotations

import pyvips

from transforms.codec import Bytes, Codec, Load
from transforms.codecs.bmp_pixels import BmpError, decode
from transforms.errors import BrokenSource
from transforms.formats import Format

# Measured: the file as bytes, and its rows once more.
_COPIES = 3


def _sniff(head: bytes) -> bool:
    return head.startswith(b"BM") and len(head) >= 26 and head[6:10] == b"\0\0\0\0"


def _load(data: Bytes, how: Load) -> pyvips.Image:
    try:
        return decode(data[:])
    except BmpError as error:
        raise BrokenSource(f"BMP: {error}") from error


def _opening(data: Bytes) -> int:
    return _COPIES * len(data)


CODEC = Codec(
    format=Format.BMP,
    media_type="image/bmp",
    extension="bmp",
    sniff=_sniff,
    operations=(),
    load=_load,
    opening=_opening,
    holds_alpha=True,
)
