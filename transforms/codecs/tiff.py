"""TIFF. Of several pages one is used; written losslessly compressed."""

from __future__ import annotations

import pyvips

from transforms.codec import Codec, Load, Save
from transforms.formats import Format


def _sniff(head: bytes) -> bool:
    return head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def _load(data: bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.tiffload_buffer(
        data, page=how.page, n=1, access="sequential", fail_on="truncated"
    )


def _save(image: pyvips.Image, how: Save) -> bytes:
    return image.tiffsave_buffer(compression="deflate", predictor="horizontal", keep=how.keep)


CODEC = Codec(
    format=Format.TIFF,
    media_type="image/tiff",
    extension="tiff",
    sniff=_sniff,
    operations=("VipsForeignLoadTiffBuffer", "VipsForeignSaveTiffBuffer"),
    load=_load,
    save=_save,
    holds_alpha=True,
    holds_depth=True,
)
