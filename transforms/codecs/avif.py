"""AVIF stills. Animated AVIF is neither read nor written."""

from __future__ import annotations

import struct

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source
from transforms.formats import Format

# Measured by `make bench` (loadtests/bench/encoders.py): a third of the time of effort 1 for
# 5 % more bytes.
EFFORT = 0

# Measured, with 4:4:4 and alpha: planes, what the decoder notes of each block, and the colours.
_BYTES_PER_PIXEL = 18
_BYTES_PER_DEEP_PIXEL = 25


def _brands(head: bytes) -> list[bytes]:
    if len(head) < 16 or head[4:8] != b"ftyp":
        return []
    size = min(struct.unpack(">I", head[:4])[0], len(head), 256)
    return [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]


def _sniff(head: bytes) -> bool:
    brands = _brands(head)
    return bool(brands) and (brands[0] in (b"avif", b"avis") or b"avif" in brands)


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.heifload_source(
        as_source(data),
        page=how.page,
        thumbnail=how.thumbnail,
        access="sequential",
        fail_on="truncated",
    )


def _burden(_data: Bytes, header: pyvips.Image, _frames: int) -> Burden:
    each = _BYTES_PER_PIXEL if header.format == "uchar" else _BYTES_PER_DEEP_PIXEL
    return Burden(header.width * header.height * each)


def _save(image: pyvips.Image, how: Save) -> bytes:
    return image.heifsave_buffer(
        Q=how.quality,
        compression="av1",
        effort=EFFORT,
        bitdepth=10 if how.deep else 8,
        keep=how.keep,
    )


def is_sequence(data: Bytes) -> bool:
    """True for an AVIF whose main content is an animation."""
    return _brands(data[:256])[:1] == [b"avis"]


CODEC = Codec(
    format=Format.AVIF,
    media_type="image/avif",
    extension="avif",
    sniff=_sniff,
    operations=("VipsForeignLoadHeifSource", "VipsForeignSaveHeifBuffer"),
    load=_load,
    save=_save,
    burden=_burden,
    holds_alpha=True,
    holds_depth=True,
    quality=63,
    most_side=16384,
)
