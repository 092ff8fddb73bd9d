"""How much is too much, and how the error says so: the limit, what came, the setting.

    sides, pixels ─ pixels of all frames ─ memory and scans of decoding ─ pixels of the result

Each is looked at as soon as it is known. The bytes of a source come before, where it is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from transforms.errors import LimitExceeded
from transforms.grammar import Range
from transforms.terms import Spelling, Terms, terms

MOST_SIDE: Final = 1_000_000
"""Of a source. libvips shrinks to a millionth at most, and counts to ten million on its way."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The server's limits. Megapixels count all frames of a source.

    max_decode_mb: memory for decoding one, in 2^20 bytes. max_scans: of a JPEG. svg: whether
    drawings are read.
    """

    max_src_megapixels: float = 120.0
    max_frames: int = 200
    max_decode_mb: float = 1024.0
    max_scans: int = 100
    max_result_megapixels: float = 40.0
    svg: bool = True


@terms(
    "requested_limits",
    Spelling("imgproxy", ("max_src_resolution", "msr"), ("src_megapixels",)),
    Spelling("imgproxy", ("max_src_file_size", "msfs"), ("src_bytes",)),
    Spelling("imgproxy", ("max_animation_frames", "maf"), ("frames",)),
    Spelling("imgproxy", ("max_animation_frame_resolution", "mafr"), ("frame_megapixels",)),
    Spelling("imgproxy", ("max_result_dimension", "mrd"), ("result_side",)),
)
class RequestedLimits(Terms):
    """Limits that a URL sets in place of the server's; 0 is none given.

    frames: more are left out. result_side: a larger result is scaled down to it.
    """

    security: ClassVar[bool] = True

    src_megapixels: Annotated[float, Range(0, 1e6)] = 0.0
    src_bytes: Annotated[int, Range(0, 1e12)] = 0
    frames: Annotated[int, Range(1, 1e6)] = 1_000_000
    frame_megapixels: Annotated[float, Range(0, 1e6)] = 0.0
    result_side: Annotated[int, Range(0, 1e6)] = 0


def check_source(
    width: int, height: int, frames: int, *, limits: Limits, asked: RequestedLimits
) -> None:
    """LimitExceeded if the source is more than may be decoded."""
    if max(width, height) > MOST_SIDE:
        raise LimitExceeded(
            f"the source has a side of {max(width, height)} pixels, the limit is {MOST_SIDE},"
            " beyond which libvips cannot scale"
        )
    per_frame = width * height / 1e6
    if frames > 1 and asked.frame_megapixels:
        _hold("frame", per_frame, asked.frame_megapixels, "max_animation_frame_resolution")
    else:
        most = asked.src_megapixels or limits.max_src_megapixels
        setting = "max_src_resolution" if asked.src_megapixels else "SAFELIGHT_MAX_SRC_MEGAPIXELS"
        _hold("source", per_frame * frames, most, setting)


def check_frames(frames: int, *, limits: Limits) -> None:
    if frames > limits.max_frames:
        raise LimitExceeded(
            f"the source has {frames} frames, the limit is {limits.max_frames}"
            " (SAFELIGHT_MAX_FRAMES)"
        )


def check_decoding(memory: int, scans: int, *, limits: Limits) -> None:
    """LimitExceeded if it would hold more bytes, or go over the picture more often."""
    megabytes = memory / 2**20
    if megabytes > limits.max_decode_mb:
        raise LimitExceeded(
            f"decoding the source takes {megabytes:.0f} MB of memory, the limit is"
            f" {limits.max_decode_mb:g} (SAFELIGHT_MAX_DECODE_MB)"
        )
    if scans > limits.max_scans:
        raise LimitExceeded(
            f"the source has {scans} scans or more, the limit is {limits.max_scans}"
            " (SAFELIGHT_MAX_SCANS)"
        )


def check_result(width: int, height: int, frames: int, *, limits: Limits) -> None:
    """LimitExceeded if the result, any canvas on the way included, is more than may be made."""
    _hold(
        "result",
        width * height * frames / 1e6,
        limits.max_result_megapixels,
        "SAFELIGHT_MAX_RESULT_MEGAPIXELS",
    )


def _hold(what: str, megapixels: float, most: float, setting: str) -> None:
    if megapixels > most:
        raise LimitExceeded(
            f"the {what} has {megapixels:.1f} megapixels, the limit is {most:g} ({setting})"
        )
