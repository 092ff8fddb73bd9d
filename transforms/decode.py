"""From the bytes of a source to frames of pixels, no larger than needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pyvips

from transforms.canvas import Canvas
from transforms.codec import Bytes, Codec, Load, header_int
from transforms.codecs import sniffed
from transforms.codecs.avif import is_sequence
from transforms.errors import BrokenSource, UnsupportedSource
from transforms.formats import Format
from transforms.limits import Limits, RequestedLimits, check_decoding, check_source
from transforms.output import Input
from transforms.picture import Picture
from transforms.turn import Turn


@dataclass(frozen=True, slots=True)
class Source:
    """What the header says. canvas: upright, one frame of the size that the file gives."""

    codec: Codec
    data: Bytes
    canvas: Canvas
    pages: int
    moves: bool
    has_alpha: bool
    palette: bool
    header: pyvips.Image


def open_source(data: Bytes, asked: Input, *, limits: Limits) -> Source:
    """Reads the header alone; UnsupportedSource or BrokenSource if that cannot be done.

    LimitExceeded if that already would be too much: a drawing is read as a whole.
    """
    codec = sniffed(data)
    if codec.vector and not limits.svg:
        raise UnsupportedSource("SVG sources are not read here (SAFELIGHT_SVG=0)")
    check_decoding(codec.opening(data), 1, limits=limits)
    if codec.format is Format.AVIF and is_sequence(data) and not (asked.still or asked.page):
        raise UnsupportedSource(
            "animated AVIF is not supported; disable_animation:1 shows its still picture"
        )
    header = load(codec, data, Load(thumbnail=asked.thumbnail))
    pages = header_int(header, "n-pages", 1)
    if asked.page >= max(1, pages):
        raise BrokenSource(f"page: the source has {pages} pages, got {asked.page}")
    turn = Turn.of_exif(header_int(header, "orientation", 1))
    width, height = turn.swap(header.width, header.height)
    return Source(
        codec=codec,
        data=data,
        canvas=Canvas(width, height, vector=codec.vector, turn=turn),
        pages=pages,
        moves=pages > 1 and codec.holds_animation and header.get_typeof("delay") != 0,
        has_alpha=bool(header.hasalpha()),
        palette=_has_palette(header),
        header=header,
    )


def load_frames(
    source: Source, asked: Input, *, frames: int, shrink: float
) -> tuple[pyvips.Image, ...]:
    """The pixels, lazily: `frames` > 1 of an animation, or one page decoded `shrink` smaller."""
    page = 0 if frames > 1 else asked.page
    how = Load(page=page, pages=frames, shrink=shrink, thumbnail=asked.thumbnail)
    image = load(source.codec, source.data, how)
    if frames == 1:
        return (_still(image),)
    height = header_int(image, "page-height", image.height)
    return tuple(
        image.crop(0, top, image.width, height) for top in range(0, frames * height, height)
    )


def load_asset(data: bytes, *, limits: Limits) -> pyvips.Image:
    """Another picture that an operation needs, upright, in sRGB, all in memory."""
    asked = Input(still=True)
    source = within_limit(open_source(data, asked, limits=limits), limits.max_src_megapixels)
    check_source(*source.canvas.size, 1, limits=limits, asked=RequestedLimits())
    check_burden(source, 1, limits=limits)
    frames = load_frames(source, asked, frames=1, shrink=natural_shrink(source))
    return Picture(frames, source.canvas).in_working_space().uprighted().settled().first


def check_burden(source: Source, frames: int, *, limits: Limits) -> None:
    """LimitExceeded if decoding so many frames takes more than it may."""
    burden = source.codec.burden(source.data, source.header, frames)
    check_decoding(burden.memory, burden.scans, limits=limits)


def load(codec: Codec, data: Bytes, how: Load) -> pyvips.Image:
    if codec.load is None:
        raise UnsupportedSource(f"{codec.format} pictures are not read")
    return codec.load(data, how)


def natural_shrink(source: Source) -> float:
    """How much smaller than the file says the canvas is, from the start."""
    return source.header.width / source.canvas.stored[0]


def within_limit(source: Source, megapixels: float) -> Source:
    """A drawing may be of any size: one that is too large counts as smaller from the start."""
    excess = source.canvas.megapixels / megapixels
    if not source.codec.vector or excess <= 1:
        return source
    shrink = math.sqrt(excess)
    width, height = source.canvas.size
    canvas = source.canvas.sized(max(1, int(width / shrink)), max(1, int(height / shrink)))
    return replace(source, canvas=canvas)


def _has_palette(header: pyvips.Image) -> bool:
    return header_int(header, "palette", 0) == 1 and header_int(header, "bits-per-sample", 8) <= 8


def _still(image: pyvips.Image) -> pyvips.Image:
    """Without what would make savers take it for several pages."""
    image = image.copy()
    for name in ("page-height", "n-pages", "delay", "loop"):
        if image.get_typeof(name):
            image.remove(name)
    return image
