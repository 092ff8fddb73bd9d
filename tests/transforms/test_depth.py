"""Sixteen bits: rightly rounded to eight, or kept where they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pictures import close, deep, depth, levels, made, opened, pixels

RAMP = np.linspace(0, 1, 4096).reshape(16, 256)[..., None].repeat(3, axis=2)
SMOOTH = np.linspace(0.1, 0.9, 6000).reshape(20, 300)[..., None].repeat(3, axis=2)
sources = pytest.mark.parametrize("kind", ["png", "tiff", "avif"])


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("target", ["png", "tiff", "webp", "jpeg"])
def test_eight_bits_are_the_nearest(kind: str, bands: int, target: str) -> None:
    picture = RAMP[..., :1].repeat(bands, axis=2).copy()
    if bands in (2, 4):
        picture[..., -1] = 1

    result = pixels(made(f"bl:0/q:100/webpo:lossless@{target}", deep(picture, kind)))

    assert close(result, np.rint(RAMP * 255), 1 if target != "jpeg" else 3)


@sources
def test_without_asking_a_result_has_eight_bits(kind: str) -> None:
    result = made("rs:fit:100:0@png", deep(SMOOTH, kind))

    assert result.data[24] == 8
    assert depth(result) <= 256


@sources
@pytest.mark.parametrize("target", ["png", "tiff", "avif"])
@pytest.mark.parametrize(
    "options", ["bl:0", "rs:fit:250:0", "c:200:0/rot:90/pd:2", "sa:0.5/co:1.1"]
)
def test_depth_is_kept_when_asked(kind: str, target: str, options: str) -> None:
    result = made(f"ph:1/{options}/q:95@{target}", deep(SMOOTH, kind))

    # Ten bits is what AVIF is written with.
    assert depth(result) > (400 if target == "avif" else 600)


@sources
def test_kept_depth_has_the_same_values(kind: str) -> None:
    kept = levels(made("ph:1/bl:0@png", deep(SMOOTH, kind)))
    shallow = pixels(made("bl:0@png", deep(SMOOTH, kind)))

    assert np.abs(kept - SMOOTH).max() < (0.01 if kind == "avif" else 1e-4)
    assert np.abs(kept * 255 - shallow).max() <= 1


@pytest.mark.parametrize("target", ["jpeg", "webp", "gif"])
def test_formats_of_eight_bits_take_eight(target: str) -> None:
    result = made(f"ph:1/rs:fit:100:0/q:100@{target}", deep(SMOOTH))

    expected = pixels(made("rs:fit:100:0@png", deep(SMOOTH)))
    assert opened(result).size == (100, 7)
    assert np.abs(pixels(result) - expected).mean() < 6


def test_shallow_sources_do_not_grow() -> None:
    result = made("ph:1/rs:fit:30:30@png", deep(SMOOTH[:, :60].round(2), bitdepth=8))

    assert result.data[24] == 8


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_white_and_full_opacity_stay(bands: int) -> None:
    white = np.ones((20, 20, bands))

    for options in ("rs:fit:9:9", "bl:2", "sh:1", "pd:3/bg:fff", "mc:1", "pix:3", "ush:always"):
        result = levels(made(f"ph:1/{options}@png", deep(white)))

        assert result.min() > 0.9999, options


def test_the_ten_bits_of_avif_are_read_and_written() -> None:
    ten = deep(SMOOTH, "avif", bitdepth=10, Q=100)

    result = made("ph:1/q:100@avif", ten)

    assert depth(result) > 400
    assert np.abs(levels(result) - SMOOTH).max() < 0.02
