"""IPTC: who made a picture, who may be thanked, whose it is.

    datasets    0x1C, record, number, length, value                        (as TIFF holds them)
    wrapped     "Photoshop 3.0\\0", then resources: "8BIM", id, name, length, data  (as JPEG does)

Resource 0x0404 holds the datasets.

Reading stops where the structure stops making sense; what was understood until there counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = b"Photoshop 3.0\0"
_DATASETS = 0x0404
_MAX_BYTES = 32 * 1024

_CHARSET = (1, 90)
_COPYRIGHT = frozenset({(2, 80), (2, 110), (2, 116)})  # byline, credit, copyright notice
_PREVIEWS = frozenset({(2, 200), (2, 201), (2, 202)})
_MAX_CHARSET = 32


@dataclass(frozen=True, slots=True)
class Dataset:
    """One piece of information, named by record and number."""

    key: tuple[int, int]
    value: bytes

    def written(self) -> bytes:
        return struct.pack(">BBBH", 0x1C, *self.key, len(self.value)) + self.value


def copyright_only(blob: bytes) -> bytes | None:
    """Byline, credit and copyright notice in the wrapping they came in; None if there are none."""
    kept = [d for d in _read(blob) if d.key in _COPYRIGHT]
    charset = [d for d in _read(blob) if d.key == _CHARSET and len(d.value) <= _MAX_CHARSET][:1]
    # Without its character set, UTF-8 would be read as Latin-1.
    return _rebuilt(blob, charset + kept) if kept else None


def without_previews(blob: bytes) -> bytes | None:
    """All datasets but previews, and no other resource: those hold thumbnails, EXIF and XMP."""
    kept = [d for d in _read(blob) if d.key == _CHARSET or d.key[0] == 2]
    return _rebuilt(blob, [d for d in kept if d.key not in _PREVIEWS])


def wrapped(blob: bytes) -> bytes:
    """The form that a JPEG needs: libvips copies what it has, and readers ignore bare datasets."""
    return blob if blob.startswith(HEADER) else HEADER + _resource(blob)


def _rebuilt(blob: bytes, datasets: list[Dataset]) -> bytes | None:
    raw = b"".join(d.written() for d in datasets)
    if not raw or len(raw) > _MAX_BYTES:
        return None
    return HEADER + _resource(raw) if blob.startswith(HEADER) else raw


def _resource(raw: bytes) -> bytes:
    padding = b"\0" * (len(raw) % 2)
    return b"8BIM" + struct.pack(">HHI", _DATASETS, 0, len(raw)) + raw + padding


def _read(blob: bytes) -> Iterator[Dataset]:
    if not blob.startswith(HEADER):
        yield from _datasets(blob)
        return
    for number, data in _resources(blob):
        if number == _DATASETS:
            yield from _datasets(data)


def _resources(blob: bytes) -> Iterator[tuple[int, bytes]]:
    at = len(HEADER)
    while blob[at : at + 4] == b"8BIM" and at + 7 <= len(blob):
        (number,) = struct.unpack_from(">H", blob, at + 4)
        name = 1 + blob[at + 6]
        at += 6 + name + name % 2
        if at + 4 > len(blob):
            return
        (size,) = struct.unpack_from(">I", blob, at)
        at += 4
        if at + size > len(blob):
            return
        yield number, blob[at : at + size]
        at += size + size % 2


def _datasets(raw: bytes) -> Iterator[Dataset]:
    at = 0
    while at + 5 <= len(raw) and raw[at] == 0x1C:
        record, number, size = struct.unpack_from(">BBH", raw, at + 1)
        at += 5
        # The top bit announces a longer length; only previews need one, so it ends the reading.
        if size & 0x8000 or at + size > len(raw):
            return
        yield Dataset((record, number), raw[at : at + size])
        at += size
