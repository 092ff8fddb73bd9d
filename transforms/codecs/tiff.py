"""TIFF. Of several pages one is used; written losslessly compressed."""

from __future__ import annotations

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, Save, as_source, header_int, row_by_row
from transforms.formats import Format

# Spaces whose numbers are fractions by nature.
_MEASURED = ("lab", "labs", "xyz", "scrgb", "cmyk")


def _sniff(head: bytes) -> bool:
    return head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def _load(data: Bytes, how: Load) -> pyvips.Image:
    image = pyvips.Image.tiffload_source(
        as_source(data), page=how.page, n=1, access="sequential", fail_on="error"
    )
    return _counted(image)


def _burden(data: Bytes, header: pyvips.Image, frames: int) -> Burden:
    """Two rows of tiles, however high these are; strips are read by the line."""
    rows = min(header.height, header_int(header, "tile-height", 0))
    depth = max(1, header_int(header, "bits-per-sample", 8) // 8)
    tiles = 2 * rows * header.width * header.bands * depth
    return Burden(max(tiles, row_by_row(data, header, frames).memory))


def _counted(image: pyvips.Image) -> pyvips.Image:
    """In 8 or 16 bits per channel: TIFF may hold numbers of any kind."""
    match image.format:
        case "uchar" | "ushort":
            return image
        case "char":
            return image.cast("uchar")
        case "short":
            return _deep(image)
        case "uint" | "int":
            return _deep(image >> (16 if image.format == "uint" else 15))
        case _ if image.interpretation in _MEASURED:
            return image
    # Fractions without a space are light: 0 is black and 1 white.
    grey = image.bands < 3
    light = image[0].bandjoin(image[0]).bandjoin(image[0]) if grey else image[:3]
    shown = light.cast("float").copy(interpretation="scrgb")
    return shown.colourspace("grey16" if grey else "rgb16")


def _deep(image: pyvips.Image) -> pyvips.Image:
    return image.cast("ushort").copy(interpretation="grey16" if image.bands < 3 else "rgb16")


def _save(image: pyvips.Image, how: Save) -> bytes:
    return image.tiffsave_buffer(compression="deflate", predictor="horizontal", keep=how.keep)


CODEC = Codec(
    format=Format.TIFF,
    media_type="image/tiff",
    extension="tiff",
    sniff=_sniff,
    operations=("VipsForeignLoadTiffSource", "VipsForeignSaveTiffBuffer"),
    load=_load,
    save=_save,
    burden=_burden,
    holds_alpha=True,
    holds_depth=True,
    most_side=1_000_000,
)
