"""WebP without private metadata: the picture's chunks, frames and profile, nothing else.

    RIFF, size, WEBP, chunks (name, size, data, padding to even)

A simple file is one VP8 or VP8L chunk; an extended one begins with VP8X and its flags.
"""

from __future__ import annotations

from collections.abc import Iterator

from transforms.metadata.remains import Found, Uncertain, remains

_SIMPLE = frozenset({b"VP8 ", b"VP8L"})
_KEPT = _SIMPLE | {b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_FRAME = _SIMPLE | {b"ALPH"}
_FRAME_HEADER = 16
_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def scrubbed(data: bytes, *, keep_copyright: bool) -> bytes:
    """The same picture; Uncertain if chunks do not fill the file as its sizes say."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or end > len(data):
        raise Uncertain("WebP: expected a whole RIFF file")
    chunks = list(_chunks(data, 12, end))
    first = chunks[0][0] if chunks else b""
    if first in _SIMPLE:
        return _riff(_chunk(*chunks[0]))
    if first != b"VP8X" or len(chunks[0][1]) < 10:
        raise Uncertain(f"WebP: expected VP8, VP8L or VP8X first but received {first!r}")
    return _extended(chunks[0][1], chunks[1:], keep_copyright)


def _extended(header: bytes, chunks: list[tuple[bytes, bytes]], keep_copyright: bool) -> bytes:
    found = Found(
        exif=[payload for name, payload in chunks if name == b"EXIF"],
        xmp=[payload for name, payload in chunks if name == b"XMP "],
    )
    picture = [
        _chunk(name, _frame(payload) if name == b"ANMF" else payload)
        for name, payload in chunks
        if name in _KEPT
    ]
    if not any(name in _SIMPLE or name == b"ANMF" for name, _ in chunks):
        raise Uncertain("WebP: expected a picture after VP8X")

    kept = remains(found, keep_copyright=keep_copyright)
    flags = header[0] & ~(_HAS_EXIF | _HAS_XMP)
    flags |= _HAS_EXIF * bool(kept.tiff) | _HAS_XMP * bool(kept.xmp)
    extra = [
        _chunk(b"EXIF", kept.tiff) if kept.tiff else b"",
        _chunk(b"XMP ", kept.xmp) if kept.xmp else b"",
    ]
    return _riff(_chunk(b"VP8X", bytes((flags,)) + header[1:10]), *picture, *extra)


def _frame(payload: bytes) -> bytes:
    if len(payload) < _FRAME_HEADER:
        raise Uncertain("WebP: expected a whole frame header")
    inner = list(_chunks(payload, _FRAME_HEADER, len(payload)))
    if not any(name in _SIMPLE for name, _ in inner):
        raise Uncertain("WebP: expected a picture in each frame")
    kept = (_chunk(name, data) for name, data in inner if name in _FRAME)
    return payload[:_FRAME_HEADER] + b"".join(kept)


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            raise Uncertain(f"WebP: expected a whole chunk at byte {at}")
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunk(name: bytes, payload: bytes) -> bytes:
    return name + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)
