"""WebP, still and animated."""

from __future__ import annotations

from enum import StrEnum

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source, pixel_bytes
from transforms.formats import Format
from transforms.terms import Spelling, Terms, terms

# Measured by `make bench` (loadtests/bench/encoders.py): half the time of effort 4 for 3 % more.
EFFORT = 2
HEADROOM = 1.3
# Measured, beside the result: colours with opacity; where frames build on each other, twice, and
# once more for the header.
_BYTES_PER_PIXEL = 5
_BYTES_PER_PIXEL_MOVING = 17


class Compression(StrEnum):
    LOSSY = "lossy"
    NEAR_LOSSLESS = "near_lossless"
    LOSSLESS = "lossless"


class Preset(StrEnum):
    DEFAULT = "default"
    PHOTO = "photo"
    PICTURE = "picture"
    DRAWING = "drawing"
    ICON = "icon"
    TEXT = "text"


@terms(
    "webp_options",
    Spelling("imgproxy", ("webp_options", "webpo"), ("compression", "smart_subsample", "preset")),
)
class WebpOptions(Terms):
    compression: Compression = Compression.LOSSY
    smart_subsample: bool = False
    preset: Preset = Preset.DEFAULT


def _sniff(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.webpload_source(
        as_source(data),
        page=how.page,
        n=how.pages,
        scale=1 / how.shrink,
        # It decodes a picture as a whole, and would put a large one into a file.
        memory=True,
        access="sequential",
        fail_on="truncated",
    )


def _reduction(wanted: float) -> float:
    return max(1.0, wanted / HEADROOM)


def _burden(_data: Bytes, header: pyvips.Image, frames: int) -> Burden:
    """All frames as they are wanted, and beside them what one is decoded in."""
    beside = _BYTES_PER_PIXEL_MOVING if header.get_typeof("delay") else _BYTES_PER_PIXEL
    return Burden(pixel_bytes(header) * frames + header.width * header.height * beside)


def _save(image: pyvips.Image, how: Save) -> bytes:
    options = how.plan.of(WebpOptions)
    return image.webpsave_buffer(
        Q=how.quality,
        effort=EFFORT,
        lossless=options.compression is Compression.LOSSLESS,
        near_lossless=options.compression is Compression.NEAR_LOSSLESS,
        smart_subsample=options.smart_subsample,
        preset=options.preset,
        keep=how.keep,
    )


CODEC = Codec(
    format=Format.WEBP,
    media_type="image/webp",
    extension="webp",
    sniff=_sniff,
    operations=("VipsForeignLoadWebpSource", "VipsForeignSaveWebpBuffer"),
    load=_load,
    save=_save,
    reduction=_reduction,
    burden=_burden,
    holds_alpha=True,
    holds_animation=True,
    quality=79,
    most_side=16383,
)
