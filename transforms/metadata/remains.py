"""What is put back into a file once everything private was taken out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from transforms.metadata import exif, iptc, tiff, xmp


class Uncertain(ValueError):
    """The file's structure cannot be followed, so nobody can promise what is left in it."""


@dataclass(slots=True)
class Found:
    """Metadata blocks met while walking a file, in their order."""

    exif: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Remains:
    """The blocks to write, each empty if there is none; `tiff` is EXIF without its prefix."""

    tiff: bytes = b""
    iptc: bytes = b""
    xmp: bytes = b""


def remains(found: Found, *, keep_copyright: bool) -> Remains:
    """The orientation, and the rights if wanted; Uncertain if the blocks contradict each other."""
    if not all(map(exif.readable, found.exif)):
        raise Uncertain("EXIF: expected blocks that can be read")
    orientations = {exif.orientation(blob) for blob in found.exif} or {1}
    if len(orientations) > 1:
        raise Uncertain(f"EXIF: expected one orientation but received {sorted(orientations)}")
    (orientation,) = orientations

    if not keep_copyright:
        return Remains(_bare(exif.minimal(orientation=orientation, copyright=None, artist=None)))
    lines = [exif.copyright_of(blob) for blob in found.exif]
    copyright, artist = _first(c for c, _ in lines), _first(a for _, a in lines)
    return Remains(
        tiff=_bare(exif.minimal(orientation=orientation, copyright=copyright, artist=artist)),
        iptc=_first(map(iptc.copyright_only, found.iptc)) or b"",
        xmp=_first(map(xmp.copyright_only, found.xmp)) or b"",
    )


def _first(values: Iterable[bytes | None]) -> bytes | None:
    return next(filter(None, values), None)


def _bare(block: bytes | None) -> bytes:
    return (block or b"").removeprefix(tiff.PREFIX)
