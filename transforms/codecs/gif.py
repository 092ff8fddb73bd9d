"""GIF, still and animated."""

from __future__ import annotations

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source
from transforms.formats import Format

# Measured: two canvases in colour, as a frame may bring back the one before, and an index.
_BYTES_PER_PIXEL = 9


def _sniff(head: bytes) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.gifload_source(
        as_source(data), page=how.page, n=how.pages, access="sequential", fail_on="truncated"
    )


def _burden(_data: Bytes, header: pyvips.Image, _frames: int) -> Burden:
    return Burden(header.width * header.height * _BYTES_PER_PIXEL)


def _save(image: pyvips.Image, how: Save) -> bytes:
    return image.gifsave_buffer(keep=how.keep)


CODEC = Codec(
    format=Format.GIF,
    media_type="image/gif",
    extension="gif",
    sniff=_sniff,
    operations=("VipsForeignLoadNsgifSource", "VipsForeignSaveCgifBuffer"),
    load=_load,
    save=_save,
    burden=_burden,
    holds_alpha=True,
    holds_animation=True,
    in_every_browser=True,
)
