"""When the source's own bytes are the best answer."""

from __future__ import annotations

import struct
from dataclasses import replace

import pyvips

from transforms.codec import Bytes, Codec
from transforms.codecs.bmp_pixels import is_bare
from transforms.colourspace import looks_srgb, profile_fits
from transforms.decode import Source
from transforms.encode import Encoded
from transforms.errors import UnsupportedOutput
from transforms.formats import Format
from transforms.metadata.policy import MetadataPolicy
from transforms.metadata.policy import apply as apply_policy
from transforms.metadata.scrub import scrub
from transforms.output import Input
from transforms.plan import Plan
from transforms.turn import UPRIGHT

# What libvips tells of these is all that their files say.
_TELLING = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP)


def asked_for(plan: Plan, source: Source) -> bool:
    """True if the URL wants sources of this format as they are (`skip_processing`)."""
    output, own = plan.output, source.codec.format
    return own in output.untouched and output.format in (None, own) and not source.codec.vector


def at_rest(plan: Plan, source: Source) -> Plan:
    """The same plan without a change to pixels: for what may not go out as it is."""
    plan = replace(plan, pipelines=())
    if source.codec.save is None:
        return plan
    return plan.having(replace(plan.output, format=source.codec.format))


def passed(plan: Plan, source: Source, result: Encoded | None = None) -> Encoded | None:
    """The source's bytes without what the plan would have stripped; None if nobody can promise
    that nothing private is left. With a `result`, also None if that is the better answer.
    """
    if result and not _is_no_better(result, plan, source):
        return None
    data = _scrubbed(plan, source)
    if data is None:
        return None
    width, height = source.canvas.size
    return replace(
        unencoded(data, source.codec),
        width=width,
        height=height,
        source_width=width,
        source_height=height,
        frames=source.pages if source.moves else 1,
    )


def unencoded(data: bytes, codec: Codec) -> Encoded:
    """The bytes as they are. A drawing is never handed on: it may hold scripts."""
    if codec.vector:
        raise UnsupportedOutput(f"{codec.format} sources are only rasterised, never handed on")
    return Encoded(data, codec.media_type, codec.extension, 0, 0, 1, 0, 0, chosen="source")


def _is_no_better(result: Encoded, plan: Plan, source: Source) -> bool:
    """No operation changed a pixel, the client takes the source's format and colours, and
    encoding made it no smaller.
    """
    output, own = plan.output, source.codec.format
    idle = source.canvas.turn == UPRIGHT and not plan.pipelines and not plan.of(Input).page
    welcome = own == output.format or (
        output.format is None and (source.codec.in_every_browser or own in output.offers)
    )
    return (
        not source.codec.vector
        and idle
        and welcome
        and _has_right_colours(source.header, keep_profile=not output.strip_profile)
        and result.frames == (source.pages if source.moves else 1)
        and (result.width, result.height) == source.canvas.size
        and len(result.data) >= len(source.data)
    )


def _has_right_colours(header: pyvips.Image, *, keep_profile: bool) -> bool:
    return looks_srgb(header) or (
        keep_profile and header.interpretation != "cmyk" and profile_fits(header)
    )


def _scrubbed(plan: Plan, source: Source) -> bytes | None:
    """The source's bytes without private metadata, None if that cannot be done for sure."""
    output = plan.output
    if source.codec.format is Format.BMP:
        # It has no room for metadata, but some have room for other things.
        return source.data[:] if is_bare(source.data[:]) else None
    if source.codec.format is Format.GIF and _screen(source.data) != source.canvas.size:
        # One that claims to be absurdly large is shown as large as its frames, but not everywhere.
        return None
    if output.strip_metadata:
        return scrub(source.data[:], source.codec.format, keep_copyright=output.keep_copyright)
    return None if _tells_place(source) else source.data[:]


def _screen(data: Bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _tells_place(source: Source) -> bool:
    """True if keeping all metadata would still take something out, or if no one can tell."""
    if source.data.find(b"MPF\0") >= 0 or source.codec.format not in _TELLING:
        return True
    header = source.header
    kept = apply_policy(header, MetadataPolicy(strip=False))
    gone = {*header.get_fields()} - {*kept.get_fields()} - {"orientation"}
    return bool(gone) or any(_mentions_place(header, name) for name in ("xmp-data", "iptc-data"))


def _mentions_place(header: pyvips.Image, name: str) -> bool:
    blob = header.get(name) if header.get_typeof(name) else b""
    return b"gps" in blob.lower() if isinstance(blob, bytes) else False
