"""From frames of pixels to the bytes of a format."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import pyvips

from transforms.codec import Codec, Save
from transforms.codecs import CODECS
from transforms.colour import WHITE
from transforms.colourspace import has_profile
from transforms.decode import Source
from transforms.errors import UnsupportedOutput
from transforms.formats import Format
from transforms.metadata.policy import MetadataPolicy
from transforms.metadata.policy import apply as apply_policy
from transforms.metadata.policy import keep as flags_to_keep
from transforms.output import Input
from transforms.picture import Picture, peak
from transforms.plan import Plan
from transforms.room import flattened
from transforms.scaling import Kernel, scale_frames

# What a client gets that accepts nothing special, in order of preference.
_PLAIN = (Format.JPEG, Format.PNG, Format.GIF)
_LEAST_AVIF_SIDE = 16
_LEAST_QUALITY = 10
_DEFAULT_DELAY = 40


@dataclass(frozen=True, slots=True)
class Encoded:
    """The answer: bytes, what they are, and facts worth a header.

    chosen: "source" if the source's own bytes go out because encoding made them no smaller.
    """

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int
    frames: int
    source_width: int
    source_height: int
    chosen: Literal["result", "source"] = "result"


def choose_codec(plan: Plan, source: Source) -> Codec:
    """The format to answer in: the one asked for, else the best one offered that can hold the
    picture, else the source's own, else a plain one.
    """
    output = plan.output
    if output.format is not None:
        codec = CODECS.get(output.format)
        if codec is None or codec.save is None:
            raise UnsupportedOutput(f"format: {output.format} is not written here")
        return codec
    moves = source.moves and not plan.of(Input).still
    alpha = _expects_alpha(plan, source)
    own = (source.codec.format,) if source.codec.in_every_browser else ()
    for name in (*output.offers, *own, *_PLAIN):
        codec = CODECS.get(name)
        if codec is None or codec.save is None:
            continue
        if (codec.holds_animation or not moves) and (codec.holds_alpha or not alpha):
            return codec
        if name in own and not moves:
            return codec
    return CODECS[Format.PNG]


def _expects_alpha(plan: Plan, source: Source) -> bool:
    """True if the result may be transparent somewhere."""
    names = {op.name for ops in plan.pipelines for op in ops}
    return "background" not in names and (
        source.has_alpha or bool(names & {"padding", "extend", "extend_ratio"})
    )


def encode(picture: Picture, plan: Plan, codec: Codec, source: Source) -> Encoded:
    """Everything after the last operation: the format's limits, opacity, metadata, quality."""
    if _is_a_guess(codec, plan, source) and len(picture.frames) == 1:
        picture, codec = _or_jpeg(picture.settled(), codec)
    picture = _within_format(picture, codec)
    codec = _for_small(codec, picture)
    if not codec.holds_alpha:
        picture = picture.map(lambda frame: flattened(frame, WHITE))
    output = plan.output
    image = _joined(picture, source)
    policy = MetadataPolicy(
        strip=output.strip_metadata,
        keep_copyright=output.keep_copyright,
        # A profile that is left by now belongs to the pixels.
        strip_profile=not has_profile(image),
    )
    image = apply_policy(image, policy, kind=codec.format)
    how = Save(
        quality=output.quality_for(codec.format, codec.quality) or 80,
        plan=plan,
        keep=flags_to_keep(image, policy),
        palette=source.palette and codec.format is Format.PNG,
        deep=output.deep and image.format == "ushort",
    )
    data = _saved(image, codec, how)
    return Encoded(
        data, codec.media_type, codec.extension, *picture.canvas.size, len(picture.frames),
        *source.canvas.size,
    )  # fmt: skip


def _is_a_guess(codec: Codec, plan: Plan, source: Source) -> bool:
    """True if nobody asked for this format: it was taken because the result may be transparent."""
    named = {plan.output.format, source.codec.format, *plan.output.offers}
    return codec.format is Format.PNG and codec.format not in named and not plan.output.deep


def _or_jpeg(picture: Picture, codec: Codec) -> tuple[Picture, Codec]:
    """JPEG if the picture turns out to be opaque."""
    if picture.has_alpha:
        clear = picture.first[-1] < peak(picture.first)
        if clear.max():
            return picture, codec
    return picture, CODECS[Format.JPEG]


def _saved(image: pyvips.Image, codec: Codec, how: Save) -> bytes:
    """Saved, again and again with less quality while it is larger than `max_bytes`."""
    if codec.save is None:
        raise UnsupportedOutput(f"format: {codec.format} is not written here")
    most = how.plan.output.max_bytes if codec.quality else 0
    if not most:
        return codec.save(image, how)
    image = image.copy_memory()
    while True:
        data = codec.save(image, how)
        if len(data) <= most or how.quality <= _LEAST_QUALITY:
            return data
        excess = len(data) / most
        factor = 0.25 if excess > 3 else 0.5 if excess > 1.5 else 0.75
        next_one = min(how.quality - 1, round(how.quality * factor))
        how = replace(how, quality=max(1, next_one))


def _joined(picture: Picture, source: Source) -> pyvips.Image:
    """One image: frames one below the other, as savers of animations want them."""
    if len(picture.frames) == 1:
        return picture.first
    joined = pyvips.Image.arrayjoin(list(picture.frames), across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", picture.first.height)
    joined.set_type(pyvips.GValue.gint_type, "n-pages", len(picture.frames))
    header = source.header
    given = header.get("delay") if header.get_typeof("delay") else []
    delays = (
        [int(delay) for delay in given if isinstance(delay, int)] if isinstance(given, list) else []
    )
    delays += [_DEFAULT_DELAY] * (len(picture.frames) - len(delays))
    joined.set_type(pyvips.GValue.array_int_type, "delay", delays[: len(picture.frames)])
    if header.get_typeof("loop"):
        joined.set_type(pyvips.GValue.gint_type, "loop", header.get("loop"))
    return joined


def _for_small(codec: Codec, picture: Picture) -> Codec:
    """Decoders in use fail on AVIFs with a side below 16 pixels."""
    if codec.format is Format.AVIF and min(picture.canvas.size) < _LEAST_AVIF_SIDE:
        return CODECS[Format.PNG if picture.has_alpha else Format.JPEG]
    return codec


def _within_format(picture: Picture, codec: Codec) -> Picture:
    """Scaled down to what the format can say."""
    width, height = picture.canvas.size
    by = min(1.0, codec.most_side / max(width, height))
    if codec.format is Format.GIF:
        by = min(by, math.sqrt(codec.most_area / (width * height * len(picture.frames))))
    if by == 1.0:
        return picture
    to = (max(1, int(width * by)), max(1, int(height * by)))
    return scale_frames(picture, to, Kernel.LANCZOS3)
