"""What a codec is: how a format is recognised, decoded and encoded.

Adding one touches one file of `transforms/codecs/`; that file defines `CODEC`.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass

import pyvips

from transforms.formats import Format
from transforms.plan import Plan


@dataclass(frozen=True, slots=True)
class Load:
    """page: the first one to read; pages: how many, -1 for all. shrink: decode this much smaller
    (a value that the codec's `reduction` gave). thumbnail: the embedded one, if there is one.
    """

    page: int = 0
    pages: int = 1
    shrink: float = 1.0
    thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Save:
    """quality: 1..100. plan: for the codec's own options. keep: libvips' flags for metadata.
    palette: the source had one. deep: more than 8 bits per channel.
    """

    quality: int
    plan: Plan
    keep: int
    palette: bool = False
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Burden:
    """What decoding takes, as foreseen: bytes held at a time, and times that all is gone over."""

    memory: int = 0
    scans: int = 1


# What a picture of 2,000,000 x 28 takes, 1.5 GB in 8 bits, and one of 65,500 x 800, 0.5 GB in 16.
_ROWS, _STEPS = 100, 9

# A file, as it was read or mapped into memory.
Bytes = bytes | mmap.mmap


def as_source(data: Bytes) -> pyvips.Source:
    """What libvips reads from without copying it first; `data` must outlive the image."""
    return pyvips.Source.new_from_memory(memoryview(data))


def no_reduction(_wanted: float) -> float:
    return 1.0


def row_by_row(_data: Bytes, header: pyvips.Image, _frames: int) -> Burden:
    """Next to nothing is held, but of very wide pictures. Measured: some hundred rows, in each of
    the steps to the result.
    """
    rows = min(_ROWS, header.height)
    return Burden(pixel_bytes(header) // max(1, header.height) * rows * _STEPS)


def header_alone(_data: Bytes) -> int:
    """Opening reads no more than a header."""
    return 0


def header_int(header: pyvips.Image, name: str, default: int) -> int:
    """A number that the file gives, if it does."""
    if not header.get_typeof(name):
        return default
    value = header.get(name)
    return value if isinstance(value, int) else default


def pixel_bytes(header: pyvips.Image) -> int:
    """Of one frame, decoded."""
    sample = {"uchar": 1, "char": 1, "ushort": 2, "short": 2}.get(str(header.format), 4)
    return header.width * header.height * header.bands * sample


@dataclass(frozen=True, slots=True)
class Codec:
    """operations: the libvips classes this needs; all others stay blocked.

    load, save: None if the format is not read, or not written. reduction: the largest shrink that
    decoding can do well where `wanted` is needed altogether. opening: bytes that `load` holds for
    the header alone. burden: what it takes for so many frames. quality: default, 0 if it has none.
    in_every_browser: may be sent to a client that did not say what it accepts.
    """

    format: Format
    media_type: str
    extension: str
    sniff: Callable[[bytes], bool]
    operations: tuple[str, ...]
    load: Callable[[Bytes, Load], pyvips.Image] | None = None
    save: Callable[[pyvips.Image, Save], bytes] | None = None
    reduction: Callable[[float], float] = no_reduction
    opening: Callable[[Bytes], int] = header_alone
    burden: Callable[[Bytes, pyvips.Image, int], Burden] = row_by_row
    vector: bool = False
    holds_alpha: bool = False
    holds_animation: bool = False
    holds_depth: bool = False
    in_every_browser: bool = False
    quality: int = 0
    most_side: int = 65535
    most_area: int = (2**31 - 1) // 4
