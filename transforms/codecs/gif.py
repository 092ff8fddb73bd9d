"""GIF, still and animated."""

from __future__ import annotations

import pyvips

from transforms.codec import Bytes, Codec, Load, Save, as_source
from transforms.formats import Format


def _sniff(head: bytes) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.gifload_source(
        as_source(data), page=how.page, n=how.pages, access="sequential", fail_on="truncated"
    )


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
    holds_alpha=True,
    holds_animation=True,
    in_every_browser=True,
)
