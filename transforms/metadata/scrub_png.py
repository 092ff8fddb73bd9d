"""PNG without private metadata: the chunks that make the picture, nothing else.

signature, chunks (length, name, data, CRC) from IHDR to IEND
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from transforms.metadata.remains import Found, Remains, Uncertain, remains

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_COLOUR = frozenset(
    {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"cICP", b"mDCV", b"cLLI"}
)
_KEPT = _CRITICAL | _COLOUR | {b"pHYs", b"acTL", b"fcTL", b"fdAT"}
_XMP = b"XML:com.adobe.xmp\0"
_MAX_XMP = 1 << 20


def scrubbed(data: bytes, *, keep_copyright: bool) -> bytes:
    """The same picture; Uncertain if a chunk is broken, out of place or critical and unknown."""
    if not data.startswith(SIGNATURE):
        raise Uncertain("PNG: expected its signature")
    chunks, found = list(_chunks(data)), Found()
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names.count(b"IHDR") != 1 or b"IDAT" not in names:
        raise Uncertain("PNG: expected one IHDR first and some IDAT")
    for name, payload in chunks:
        if name == b"eXIf":
            found.exif.append(payload)
        # Only the first: many small chunks could inflate to much.
        elif name == b"iTXt" and payload.startswith(_XMP) and not found.xmp:
            found.xmp.append(_international_text(payload[len(_XMP) :]))

    extra = _put_back(remains(found, keep_copyright=keep_copyright))
    written = [_chunk(name, payload) for name, payload in chunks if name in _KEPT]
    return b"".join([SIGNATURE, written[0], *extra, *written[1:]])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = len(SIGNATURE), b""
    while name != b"IEND":
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data) or not (name.isalpha() and name.isascii()):
            raise Uncertain(f"PNG: expected a whole chunk at byte {at}")
        # An upper-case first letter marks what no decoder may skip.
        if name[:1].isupper() and name not in _CRITICAL:
            raise Uncertain(f"PNG: expected known critical chunks but received {name!r}")
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise Uncertain(f"PNG: expected another CRC of the chunk {name!r}")
        yield name, data[at + 8 : end - 4]
        at = end


def _international_text(payload: bytes) -> bytes:
    compressed, rest = payload[:1] == b"\1", payload[2:]
    text = rest.split(b"\0", 2)[-1]  # after the language and the translated keyword
    if not compressed:
        return text
    inflate = zlib.decompressobj()
    try:
        return inflate.decompress(text, _MAX_XMP)
    except zlib.error:
        return b""


def _put_back(kept: Remains) -> list[bytes]:
    return [
        _chunk(b"eXIf", kept.tiff) if kept.tiff else b"",
        _chunk(b"iTXt", _XMP + b"\0\0\0\0" + kept.xmp) if kept.xmp else b"",
    ]


def _chunk(name: bytes, payload: bytes) -> bytes:
    body = name + payload
    return len(payload).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
