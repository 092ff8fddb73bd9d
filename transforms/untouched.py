"""When the source's own bytes are the best answer."""

from __future__ import annotations

from dataclasses import replace

import pyvips

from transforms.codec import Codec
from transforms.colourspace import has_profile, is_srgb_profile
from transforms.decode import Source
from transforms.encode import Encoded
from transforms.errors import UnsupportedOutput
from transforms.metadata.scrub import scrub
from transforms.output import Input
from transforms.plan import Plan
from transforms.turn import UPRIGHT


def may_pass(plan: Plan, source: Source, result: Encoded | None = None) -> bool:
    """Before decoding: the URL asked for it by `skip_processing`. After encoding: no operation
    changed a pixel, the client takes the source's format, and the result came out no smaller.
    """
    output, own = plan.output, source.codec.format
    if source.codec.vector:
        return False
    if result is None:
        return own in output.untouched and output.format in (None, own)
    plain = source.canvas.turn == UPRIGHT and not plan.pipelines and not plan.of(Input).page
    welcome = own == output.format or (
        output.format is None and (source.codec.in_every_browser or own in output.offers)
    )
    same_colours = not has_profile(source.header) or is_srgb_profile(source.header)
    return (
        plain
        and welcome
        and (same_colours or not output.strip_profile)
        and result.frames == (source.pages if source.moves else 1)
        and (result.width, result.height) == source.canvas.size
        and len(result.data) >= len(source.data)
        and _scrubbed(plan, source) is not None
    )


def passed(plan: Plan, source: Source, result: Encoded | None = None) -> Encoded:
    """The source's bytes without what the plan would have stripped."""
    data = _scrubbed(plan, source) or source.data
    frames = result.frames if result else source.pages if source.moves else 1
    made = unencoded(data, source.codec)
    width, height = source.canvas.size
    return replace(
        made, width=width, height=height, source_width=width, source_height=height, frames=frames
    )


def unencoded(data: bytes, codec: Codec) -> Encoded:
    """The bytes as they are. A drawing is never handed on: it may hold scripts."""
    if codec.vector:
        raise UnsupportedOutput(f"{codec.format} sources are only rasterised, never handed on")
    return Encoded(data, codec.media_type, codec.extension, 0, 0, 1, 0, 0, chosen="source")


def _scrubbed(plan: Plan, source: Source) -> bytes | None:
    """The source's bytes without private metadata, None if that cannot be done for sure."""
    output = plan.output
    if not output.strip_metadata:
        return None if _tells_place(source.header) else source.data
    return scrub(source.data, source.codec.format, keep_copyright=output.keep_copyright)


def _tells_place(header: pyvips.Image) -> bool:
    if any(name.startswith("exif-ifd3-") for name in header.get_fields()):
        return True
    xmp = header.get("xmp-data") if header.get_typeof("xmp-data") else b""
    return b"gps" in bytes(xmp).lower() if isinstance(xmp, (bytes, bytearray)) else False
