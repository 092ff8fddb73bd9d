"""PNG. Read as one picture: an animated PNG shows its default frame."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source, pixel_bytes, row_by_row
from transforms.formats import Format
from transforms.grammar import Range
from transforms.terms import Spelling, Terms, terms

# libvips' VipsForeignPngFilter flags.
_NO_FILTER = 0x08
_ALL_FILTERS = 0xF8
# The last byte of IHDR, which is always the first chunk.
_INTERLACE = 28


@terms(
    "png_options",
    Spelling("imgproxy", ("png_options", "pngo"), ("interlaced", "quantize", "colours")),
)
class PngOptions(Terms):
    """quantize: at most `colours` colours, dithered."""

    interlaced: bool = False
    quantize: bool = False
    colours: Annotated[int, Range(2, 256)] = 256


def _sniff(head: bytes) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n")


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.pngload_source(as_source(data), access="sequential", fail_on="truncated")


def _burden(data: Bytes, header: pyvips.Image, frames: int) -> Burden:
    """The first rows of an interlaced picture are done when its last are."""
    if not data[_INTERLACE]:
        return row_by_row(data, header, frames)
    return Burden(pixel_bytes(header))


def _save(image: pyvips.Image, how: Save) -> bytes:
    options = how.plan.of(PngOptions)
    if (options.quantize or how.palette) and not how.deep:
        colours = options.colours
        return image.pngsave_buffer(
            interlace=options.interlaced,
            filter=_NO_FILTER,
            palette=True,
            bitdepth=next(bits for bits in (1, 2, 4, 8) if 2**bits >= colours),
            keep=how.keep,
        )
    return image.pngsave_buffer(interlace=options.interlaced, filter=_ALL_FILTERS, keep=how.keep)


CODEC = Codec(
    format=Format.PNG,
    media_type="image/png",
    extension="png",
    sniff=_sniff,
    operations=("VipsForeignLoadPngSource", "VipsForeignSavePngBuffer"),
    load=_load,
    save=_save,
    burden=_burden,
    holds_alpha=True,
    holds_depth=True,
    in_every_browser=True,
    most_side=1_000_000,
)
