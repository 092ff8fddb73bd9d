"""JPEG without private metadata: the same scans, tables and profile, nothing else.

    SOI, segments (FF, marker, length, data), scans (SOS segment, coded bytes up to a marker), EOI

Kept: tables, frame, scans, JFIF without its thumbnail, the ICC profile, Adobe's colour transform.
Every other APPn, comments and whatever follows EOI (second pictures, videos) go.
"""

from __future__ import annotations

import re

from transforms.metadata import iptc, tiff
from transforms.metadata.remains import Found, Uncertain, remains

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_DHT, _JPG, _DAC = 0xC4, 0xC8, 0xCC
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
_TABLES = frozenset({_DHT, _DAC, 0xDB, 0xDC, 0xDD})  # and DQT, DNL, DRI
_JFIF, _APP1, _ICC, _APP13, _ADOBE = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_APPLICATION = range(0xE0, 0xF0)

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# Inside coded bytes FF 00 is data and FF D0..D7 are restarts; repeated FF is padding.
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def scrubbed(data: bytes, *, keep_copyright: bool) -> bytes:
    """The same picture; Uncertain if segments cannot be followed up to the end of the image."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise Uncertain("JPEG: expected a start of image")
    head, body, found = [data[:2]], list[bytes](), Found()
    at, has_frame, has_scan = 2, False, False
    while True:
        marker, at = _marker(data, at)
        if marker == _EOI:
            break
        payload = _payload(data, at)
        at += 2 + len(payload)
        if marker == _JFIF and not body:
            head.append(_kept(marker, payload))
        elif marker in _APPLICATION or marker == _COM:
            _note(found, marker, payload)
            body.append(_kept(marker, payload))
        elif marker in _TABLES or marker in _FRAMES:
            has_frame |= marker in _FRAMES
            body.append(_segment(marker, payload))
        elif marker == _SOS and has_frame:
            end = _end_of_scan(data, at)
            body += _segment(marker, payload), data[at:end]
            at, has_scan = end, True
        else:
            raise Uncertain(f"JPEG: expected a known segment but received marker {marker:#x}")
    if not has_scan:
        raise Uncertain("JPEG: expected a scan before the end of the image")
    return b"".join([*head, *_put_back(found, keep_copyright), *body, bytes((0xFF, _EOI))])


def _marker(data: bytes, at: int) -> tuple[int, int]:
    start = at
    while data[at : at + 1] == b"\xff":
        at += 1
    if at == start or at >= len(data):
        raise Uncertain(f"JPEG: expected a marker at byte {start}")
    return data[at], at + 1


def _payload(data: bytes, at: int) -> bytes:
    size = int.from_bytes(data[at : at + 2], "big")
    if size < 2 or at + size > len(data):
        raise Uncertain(f"JPEG: expected a whole segment at byte {at}")
    return data[at + 2 : at + size]


def _end_of_scan(data: bytes, at: int) -> int:
    match = _MARKER.search(data, at)
    if match is None:
        raise Uncertain("JPEG: expected a marker after the coded bytes")
    return match.start()


def _kept(marker: int, payload: bytes) -> bytes:
    if marker == _JFIF and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return _segment(marker, payload[:12] + b"\0\0")  # a thumbnail of 0 x 0
    if marker == _ICC and payload.startswith(b"ICC_PROFILE\0"):
        return _segment(marker, payload)
    if marker == _ADOBE and payload.startswith(b"Adobe") and len(payload) >= 12:
        return _segment(marker, payload[:12])
    return b""


def _note(found: Found, marker: int, payload: bytes) -> None:
    if marker == _APP1 and payload.startswith(tiff.PREFIX):
        found.exif.append(payload)
    elif marker == _APP1 and payload.startswith(_XMP):
        found.xmp.append(payload[len(_XMP) :])
    elif marker == _APP13 and payload.startswith(iptc.HEADER):
        found.iptc.append(payload)


def _put_back(found: Found, keep_copyright: bool) -> list[bytes]:
    kept = remains(found, keep_copyright=keep_copyright)
    return [
        _segment(_APP1, tiff.PREFIX + kept.tiff) if kept.tiff else b"",
        _segment(_APP1, _XMP + kept.xmp) if kept.xmp else b"",
        _segment(_APP13, kept.iptc) if kept.iptc else b"",
    ]


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload
