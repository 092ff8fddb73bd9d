"""JPEG. The only format whose decoder can leave out work cheaply: see `reduction`."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source, header_int, row_by_row
from transforms.codecs.jpeg_frame import count_scans, read_frame
from transforms.formats import Format
from transforms.grammar import Range
from transforms.terms import Spelling, Terms, terms

# How much larger than the result a picture decoded smaller has to be. Measured against full
# decodes by `make bench` (loadtests/bench/reduction.py).
HEADROOM = 1.3


@terms(
    "jpeg_options",
    Spelling(
        "imgproxy",
        ("jpeg_options", "jpgo"),
        ("progressive", "no_subsample", "trellis", "deringing", "optimise_scans", "quant_table"),
    ),
)
class JpegOptions(Terms):
    """trellis, deringing, scans and tables act only where libvips was built with mozjpeg."""

    progressive: bool = False
    no_subsample: bool = False
    trellis: bool = False
    deringing: bool = False
    optimise_scans: bool = False
    quant_table: Annotated[int, Range(0, 8)] = 0


def _sniff(head: bytes) -> bool:
    return head.startswith(b"\xff\xd8\xff")


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.jpegload_source(
        as_source(data), shrink=int(how.shrink), access="sequential", fail_on="truncated"
    )


def _reduction(wanted: float) -> float:
    return next((float(by) for by in (8, 4, 2) if by * HEADROOM <= wanted), 1.0)


def _burden(data: Bytes, header: pyvips.Image, frames: int) -> Burden:
    """Where the picture comes in several scans, its coefficients are kept until the last, all of
    them however small it is decoded.
    """
    if not header_int(header, "jpeg-multiscan", 0):
        return row_by_row(data, header, frames)
    return Burden(read_frame(data).coefficient_bytes, count_scans(data))


def _save(image: pyvips.Image, how: Save) -> bytes:
    options = how.plan.of(JpegOptions)
    return image.jpegsave_buffer(
        Q=how.quality,
        optimize_coding=True,
        interlace=options.progressive or options.optimise_scans,
        subsample_mode="off" if options.no_subsample else "auto",
        trellis_quant=options.trellis,
        overshoot_deringing=options.deringing,
        optimize_scans=options.optimise_scans,
        quant_table=options.quant_table,
        keep=how.keep,
    )


CODEC = Codec(
    format=Format.JPEG,
    media_type="image/jpeg",
    extension="jpg",
    sniff=_sniff,
    operations=("VipsForeignLoadJpegSource", "VipsForeignSaveJpegBuffer"),
    load=_load,
    save=_save,
    reduction=_reduction,
    burden=_burden,
    in_every_browser=True,
    quality=80,
    # libjpeg's own limit, a little below what the format could say.
    most_side=65500,
)
