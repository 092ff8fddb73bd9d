"""What the benchmarks work on: real photographs where they are at hand, drawn ones elsewhere."""

from __future__ import annotations

from pathlib import Path

import pyvips

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "photos"
_NAMES = (
    "8mp-landscape-3840x2160-q84-420.jpg",
    "12mp-phone-orient6-4032x3024-srgb.jpg",
    "15mp-landscape-4896x2968-q86-420.jpg",
    "24mp-portrait-4000x6000-q70-420.jpg",
)


def photographs() -> dict[str, bytes]:
    """Name -> JPEG bytes, 8 to 24 megapixels."""
    if CORPUS.is_dir():
        return {name: (CORPUS / name).read_bytes() for name in _NAMES}
    return {f"drawn-{width}x{height}.jpg": _drawn(width, height) for width, height in _SIZES}


_SIZES = ((3840, 2160), (4032, 3024), (4896, 2968))


def _drawn(width: int, height: int) -> bytes:
    """Clouds of several sizes with grain: about as busy as a photograph."""
    bands = []
    for band in range(3):
        clouds = pyvips.Image.perlin(width, height, cell_size=512, seed=band) * 70
        clouds += pyvips.Image.perlin(width, height, cell_size=64, seed=10 + band) * 30
        clouds += pyvips.Image.gaussnoise(width, height, mean=128, sigma=8, seed=20 + band)
        bands.append(clouds)
    picture = bands[0].bandjoin(bands[1]).bandjoin(bands[2])
    return picture.cast("uchar").copy(interpretation="srgb").jpegsave_buffer(Q=86)
