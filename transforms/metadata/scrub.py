"""Private metadata out of a file without touching its pixels, for pictures passed on as they are.

What stays is listed, what goes is not: a chunk or segment that nobody here knows is dropped.
"""

from __future__ import annotations

from transforms.metadata import scrub_gif, scrub_jpeg, scrub_png, scrub_webp
from transforms.metadata.remains import Uncertain

KINDS = frozenset({"jpeg", "png", "webp", "gif"})


def scrub(data: bytes, kind: str, *, keep_copyright: bool) -> bytes | None:
    """The same picture, its orientation and, if wanted, its rights; None means: encode it anew."""
    try:
        match kind:
            case "jpeg":
                return scrub_jpeg.scrubbed(data, keep_copyright=keep_copyright)
            case "png":
                return scrub_png.scrubbed(data, keep_copyright=keep_copyright)
            case "webp":
                return scrub_webp.scrubbed(data, keep_copyright=keep_copyright)
            case "gif":
                return scrub_gif.scrubbed(data)
    except Uncertain:
        return None
    return None
