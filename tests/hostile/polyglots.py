"""Files that are a picture to us and something else to whoever else looks at their bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.hostile.bombs.avif import box, honest
from tests.hostile.bombs.png import END, SIGNATURE, chunk, header
from tests.hostile.bombs.webp import plain, riff
from tests.pictures import animation, gradient, saved, sheet

SCRIPT = b"<script>alert(1)</script>"
MARKUP = b"<html><body>" + SCRIPT + b"</body></html>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"=1;alert(1)//"
ARCHIVED = b"name-in-an-archive.html"
SECOND = b"a second picture, with a place in it"
# Of these none may be in a result.
FOREIGN = (SCRIPT, PROGRAM, ARCHIVED, SECOND, b"<svg", b"<?php", b"PK\x03\x04", b"%PDF-")


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(ARCHIVED.decode(), SCRIPT)
    return out.getvalue()


def _jpeg() -> bytes:
    return saved(gradient(), "jpeg")


def _png() -> bytes:
    return saved(gradient(), "png")


def _gif() -> bytes:
    return animation([sheet(16, 12, (255, 0, 0)), sheet(16, 12, (0, 0, 255))])


def _in_jpeg(marker: int, text: bytes) -> bytes:
    part = bytes([0xFF, marker]) + struct.pack(">H", len(text) + 2) + text
    return _jpeg()[:2] + part + _jpeg()[2:]


def _in_png(kind: bytes, text: bytes) -> bytes:
    whole = _png()
    return whole[:33] + chunk(kind, text) + whole[33:]


def _in_gif(text: bytes) -> bytes:
    whole = _gif()
    return whole[:-1] + b"\x21\xfe" + bytes([len(text)]) + text + b"\0" + whole[-1:]


def _script_in_gif() -> bytes:
    """`GIF89a/*…*/=1;alert(1)//` is a program: the width is the beginning of a comment."""
    whole = _gif()
    return whole[:6] + b"/*" + whole[8:] + b"*/" + PROGRAM


def _in_pixels() -> bytes:
    """What deflate leaves as it is, in a PNG without filters."""
    rows = [b"\0" + SCRIPT.ljust(48, b" ")] * 16
    raw = b"".join(rows)
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    low, high = 1, 0
    for byte in raw:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    data = stored + struct.pack(">HH", high, low)
    return SIGNATURE + header(16, 16) + chunk(b"IDAT", data) + END


def _many() -> bytes:
    """Two pictures in one JPEG file, as phones write them."""
    out = io.BytesIO()
    second = Image.fromarray(np.asarray(sheet(16, 12, (0, 0, 255))))
    Image.fromarray(gradient()).save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue() + SECOND


POLYGLOTS: dict[str, Callable[[], bytes]] = {
    "html behind a jpeg": lambda: _jpeg() + MARKUP,
    "html in a jpeg's comment": lambda: _in_jpeg(0xFE, MARKUP),
    "html in a jpeg's application data": lambda: _in_jpeg(0xED, b"Photoshop 3.0\0" + MARKUP),
    "html in a jpeg's metadata": lambda: _in_jpeg(0xE1, b"Exif\0\0" + MARKUP),
    "html in a jpeg's packet": lambda: _in_jpeg(
        0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SCRIPT + b"</x:xmpmeta>"
    ),
    "html behind three bytes of a jpeg": lambda: b"\xff\xd8\xff" + MARKUP,
    "drawing behind three bytes of a jpeg": lambda: b"\xff\xd8\xff" + DRAWING,
    "php in a jpeg's comment": lambda: _in_jpeg(0xFE, b"<?php system($_GET[0]) ?>" + SCRIPT),
    "archive behind a jpeg": lambda: _jpeg() + _archive(),
    "pdf in a jpeg": lambda: _in_jpeg(0xFE, b"%PDF-1.4\n" + SCRIPT),
    "several pictures in a jpeg": _many,
    "script in a gif": _script_in_gif,
    "drawing in a gif's comment": lambda: _in_gif(DRAWING),
    "html behind a gif": lambda: _gif() + MARKUP,
    "archive behind a png": lambda: _png() + _archive(),
    "html in a png's text": lambda: _in_png(b"tEXt", b"Comment\0" + MARKUP),
    "html in a png's own chunk": lambda: _in_png(b"htMl", MARKUP),
    "html in a png's pixels": _in_pixels,
    "drawing behind a png's first bytes": lambda: SIGNATURE + DRAWING,
    "html in a webp": lambda: riff((b"VP8L", plain(16, 16)), (b"HTML", MARKUP)),
    "html behind a webp": lambda: riff((b"VP8L", plain(16, 16))) + MARKUP,
    "html behind an avif": lambda: honest() + MARKUP,
    "html in an avif's box": lambda: honest() + box(b"free", MARKUP),
    "html behind a bmp": lambda: saved(gradient(), "bmp") + MARKUP,
    "html behind a tiff": lambda: saved(gradient(), "tiff") + MARKUP,
    "html in a drawing": lambda: DRAWING.replace(b"<script>", b"<foreignObject>").replace(
        b"</script>", MARKUP + b"</foreignObject>"
    ),
    "drawing in a comment of html": lambda: b"<!--" + DRAWING + b"-->" + MARKUP,
    "html after a drawing's comment": lambda: b"<!-- " + MARKUP + b" -->" + DRAWING,
}
