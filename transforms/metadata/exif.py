"""EXIF: which way up a picture is, whose it is, and the same block without the place.

Blobs are what libvips calls `exif-data`: a TIFF structure, with or without "Exif\\0\\0" before it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from transforms.metadata import tiff
from transforms.metadata.tiff import Block, Entry

_ORIENTATION, _ARTIST, _COPYRIGHT = 0x0112, 0x013B, 0x8298
_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = 0x8769, 0x8825, 0xA005

# A longer text is no copyright line, and two of these must fit one JPEG segment.
MAX_TEXT = 8192

# What `without_gps` cannot vouch for. Maker notes are private formats with coordinates and preview
# pictures; the rest are coordinates (GeoTIFF), other metadata blocks, pictures, or pointers.
_DROPPED = frozenset(
    {
        _GPS_IFD,
        0x927C,  # MakerNote
        *(0x00FE, 0x014A, 0x0111, 0x0117, 0x0144, 0x0145, 0x0201, 0x0202),  # pictures by offset
        *(0x02BC, 0x83BB, 0x8649, 0x8773, 0x935C),  # XMP, IPTC, Photoshop, ICC, layers
        *(0x830E, 0x8480, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1),  # GeoTIFF
        *(0xC634, 0xC65A, 0xC68B, 0xEA1C, 0xEA1D),  # DNG private data, original's name, padding
    }
)


def readable(blob: bytes) -> bool:
    """Whether the first directory could be followed, so that what it does not say is absent."""
    block = tiff.opened(blob)
    return block is not None and bool(tiff.first(block))


def orientation(blob: bytes) -> int:
    """1..8 as EXIF counts them; 1, upright, where nothing valid is said."""
    block = tiff.opened(blob)
    if block is None:
        return 1
    for entry in tiff.first(block):
        if entry.tag == _ORIENTATION and entry.kind in (tiff.SHORT, tiff.LONG) and entry.count == 1:
            value = block.number(entry.value)
            return value if 1 <= value <= 8 else 1
    return 1


def copyright_of(blob: bytes) -> tuple[bytes | None, bytes | None]:
    """Copyright and artist, as bytes: EXIF says ASCII, cameras and people write UTF-8 and worse."""
    block = tiff.opened(blob)
    if block is None:
        return None, None
    texts = {entry.tag: _text(entry) for entry in tiff.first(block)}
    return texts.get(_COPYRIGHT), texts.get(_ARTIST)


def _text(entry: Entry) -> bytes | None:
    if entry.kind not in (tiff.BYTE, tiff.ASCII, 129):
        return None
    # A NUL inside parts photographer from editor; cameras fill what is unset with NULs or spaces.
    text = entry.value.rstrip(b"\0 ")
    return text if text.strip(b"\0 ") and len(text) <= MAX_TEXT else None


def minimal(*, orientation: int = 1, copyright: bytes | None, artist: bytes | None) -> bytes | None:
    """The smallest block that says just this; None when there is nothing to say."""
    said = [
        Entry(tag, tiff.ASCII, len(text) + 1, text + b"\0")
        for tag, text in ((_ARTIST, artist), (_COPYRIGHT, copyright))
        if text and len(text) <= MAX_TEXT
    ]
    if 2 <= orientation <= 8:
        said.append(_short("<", _ORIENTATION, orientation))
    return tiff.written("<", [said]) if said else None


def without_gps(blob: bytes) -> bytes | None:
    """The same block without place, thumbnail and maker notes, marked upright; None if empty.

    It is written anew, so bytes that no kept entry owns (the GPS directory, IFD1, gaps) are gone.
    """
    block = tiff.opened(blob)
    if block is None:
        return None
    source = tiff.first(block)
    shot = _child(block, source, _EXIF_IFD)
    top = _kept(source, block.order)
    details, interop = (
        _kept(shot, block.order),
        _kept(_child(block, shot, _INTEROP_IFD), block.order),
    )

    children = []
    if details or interop:
        after_top = tiff.HEADER + tiff.size_of(top) + 12
        if interop:
            after_details = after_top + tiff.size_of(details) + 12
            details.append(_long(block.order, _INTEROP_IFD, after_details))
        top.append(_long(block.order, _EXIF_IFD, after_top))
        children = [details, interop] if interop else [details]
    return tiff.written(block.order, [top, *children]) if top else None


def _child(block: Block, parent: Sequence[Entry], pointer: int) -> tuple[Entry, ...]:
    for entry in parent:
        if entry.tag == pointer and entry.kind == tiff.LONG and entry.count == 1:
            return tiff.entries(block, block.number(entry.value))
    return ()


def _kept(directory: Sequence[Entry], order: str) -> list[Entry]:
    return [
        _short(order, _ORIENTATION, 1) if entry.tag == _ORIENTATION else entry
        for entry in directory
        if entry.tag not in _DROPPED and entry.tag not in (_EXIF_IFD, _INTEROP_IFD)
    ]


def _short(order: str, tag: int, value: int) -> Entry:
    return Entry(tag, tiff.SHORT, 1, struct.pack(order + "H", value))


def _long(order: str, tag: int, value: int) -> Entry:
    return Entry(tag, tiff.LONG, 1, struct.pack(order + "I", value))
