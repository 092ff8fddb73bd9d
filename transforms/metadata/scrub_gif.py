"""GIF without private metadata: frames, their timing, the loop and the profile, nothing else.

    header, screen, colour table, blocks (21 label: extension, 2C: image), trailer 3B
    an extension or an image ends with sub-blocks: (length, data)*, 0

GIF has no field for rights, so none are kept.
"""

from __future__ import annotations

from transforms.metadata.remains import Uncertain

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TIMING, _PLAIN_TEXT, _APPLICATION = 0xF9, 0x01, 0xFF
_LOOPS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})
_PROFILE = b"ICCRGBG1012"


def scrubbed(data: bytes) -> bytes:
    """The same frames; Uncertain if blocks cannot be followed up to the trailer."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise Uncertain("GIF: expected its header")
    at = 13 + _table(data[10])
    kept, has_image = [data[:at]], False
    while _byte(data, at) != _TRAILER:
        start, kind = at, data[at]
        if kind == _IMAGE:
            at = _after_blocks(data, at + 11 + _table(_byte(data, at + 9)))
            kept.append(data[start:at])
            has_image = True
        elif kind == _EXTENSION:
            at = _after_blocks(data, at + 2)
            kept.append(_kept(data[start:at]))
        else:
            raise Uncertain(f"GIF: expected a block at byte {at} but received {kind:#x}")
    if not has_image:
        raise Uncertain("GIF: expected an image before the trailer")
    return b"".join([*kept, bytes((_TRAILER,))])


def _kept(extension: bytes) -> bytes:
    label, body = extension[1], extension[2:]
    if label == _TIMING:
        return extension
    if label == _PLAIN_TEXT:
        raise Uncertain("GIF: expected images but received text that is to be drawn")
    if label != _APPLICATION or body[0] != 11:
        return b""
    name, at = body[1:12], 12
    if name == _PROFILE:
        return extension
    if name in _LOOPS and body[at : at + 2] == b"\x03\x01":
        return extension[:2] + body[: at + 4] + b"\0"
    return b""


def _after_blocks(data: bytes, at: int) -> int:
    while size := _byte(data, at):
        at += 1 + size
    return at + 1


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise Uncertain("GIF: expected more blocks but received the end of the file")
    return data[at]
