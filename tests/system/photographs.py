"""Photographs to send through the server, and how to see whether they came back right."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
_PATCHES = 8


def drawn() -> bytes:
    """12 megapixels of shapes, shades and grain, lying on its side as phones store them."""
    height, width = 4032, 3024
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grain = np.random.default_rng(5).normal(0, 6, (height, width)).astype(np.float32)
    sky = 60 + 160 * y / height
    hills = np.where(y > height * (0.6 + 0.1 * np.sin(x / 300)), 70, 0)
    bands = (sky - hills, 90 + 120 * x / width - hills, 200 - 150 * y / height)
    pixels = np.stack([np.clip(band + grain, 0, 255) for band in bands], axis=-1).astype(np.uint8)
    upright = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def difference(source: bytes, answer: bytes) -> float:
    """Mean distance of colours, 0..255, between the upright source and the answer.

    Both are seen as a few large patches, so it is small only for the same view the same way up.
    """
    return float(np.abs(_patches(source) - _patches(answer)).mean())


def _patches(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    with Image.open(io.BytesIO(data)) as image:
        seen = ImageOps.exif_transpose(image).convert("RGB")
        return np.asarray(seen.resize((_PATCHES, _PATCHES), Image.Resampling.BOX)).astype(float)
