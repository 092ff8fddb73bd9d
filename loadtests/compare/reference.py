"""What a picture should look like at a size: no loss, and none of the compared servers' code.

Lanczos with three lobes over all source pixels, in the sRGB values as they are stored, as all of
the compared servers scale; in floating point until the end.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray

_LOBES = 3


class References:
    """Made when they are first asked for, and kept; as many as there are pictures and sizes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: dict[tuple[str, int, int], pyvips.Image] = {}

    def scaled(self, picture: str, width: int, height: int) -> pyvips.Image:
        key = picture, width, height
        if key not in self._made:
            source = srgb((self._root / picture).read_bytes())
            stored = np.frombuffer(source.write_to_memory(), np.uint8)
            pixels = lanczos(stored.reshape(source.height, source.width, 3), width, height)
            self._made[key] = pyvips.Image.new_from_memory(
                pixels.tobytes(), width, height, 3, "uchar"
            ).copy(interpretation="srgb")
        return self._made[key]


def srgb(data: bytes) -> pyvips.Image:
    """Eight bits and three bands; an embedded profile is obeyed."""
    image = pyvips.Image.new_from_buffer(data, "")
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, intent="relative")
    return image.colourspace("srgb")[0:3].cast("uchar")


def lanczos(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Rows, columns, bands in and out."""
    high = _rows(pixels, height)
    both = _rows(high.transpose(1, 0, 2), width).transpose(1, 0, 2)
    return np.ascontiguousarray(np.clip(np.rint(both), 0, 255).astype(np.uint8))


def _rows(pixels: NDArray[np.uint8] | NDArray[np.float32], count: int) -> NDArray[np.float32]:
    length = pixels.shape[0]
    step = length / count
    wide = max(step, 1.0)
    flat = np.ascontiguousarray(pixels).reshape(length, -1)
    scaled = np.empty((count, flat.shape[1]), np.float32)
    for row in range(count):
        centre = (row + 0.5) * step - 0.5
        first = max(0, int(np.ceil(centre - _LOBES * wide)))
        last = min(length, int(np.floor(centre + _LOBES * wide)) + 1)
        away = (np.arange(first, last) - centre) / wide
        weights = np.sinc(away) * np.sinc(away / _LOBES)
        weights = (weights / weights.sum()).astype(np.float32)
        scaled[row] = weights @ flat[first:last].astype(np.float32)
    return scaled.reshape(count, *pixels.shape[1:])
