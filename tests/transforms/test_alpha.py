"""Transparency: kept where the format can, a background where it cannot, never a dark rim."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    close,
    deep,
    levels,
    made,
    opened,
    pixels,
    saved,
    scene,
    sheet,
    soft_disc,
    with_opacity,
)
from transforms.formats import Format

WITH_ALPHA = ("png", "webp", "avif", "tiff")
sources = pytest.mark.parametrize("kind", WITH_ALPHA)


@sources
@pytest.mark.parametrize(
    ("options", "behind"), [("bl:0", WHITE), ("bg:00f", BLUE), ("bg:0:255:0", GREEN)]
)
def test_jpeg_shows_white_or_the_background_through(
    kind: str, options: str, behind: tuple[int, int, int]
) -> None:
    picture = saved(soft_disc(64), kind)

    result = pixels(made(f"{options}/q:95/jpgo:0:1@jpeg", picture))

    assert close(result[2, 2], behind, 6)
    assert close(result[32, 32], RED, 6)


@sources
@pytest.mark.parametrize("target", ["png", "webp", "avif", "tiff", "gif"])
def test_other_formats_keep_it(kind: str, target: str) -> None:
    picture = saved(with_opacity(scene(32, 32), 0), kind)
    half = saved(with_opacity(sheet(32, 32, RED), 128), kind)

    assert (pixels(made(f"bl:0@{target}", picture), "RGBA")[..., 3] == 0).all()
    if target != "gif":
        assert close(pixels(made(f"bl:0@{target}", half), "RGBA")[9, 9], (*RED, 128), 4)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
@pytest.mark.parametrize(
    "options", ["rs:fit:21:21", "rs:fill:13:30", "z:1.7/el:1", "rs:force:7:40"]
)
def test_resizing_makes_no_dark_fringe(kind: str, options: str) -> None:
    result = pixels(made(f"{options}@png", saved(soft_disc(64), kind)), "RGBA")

    seen = result[result[..., 3] > 16]
    assert seen[:, 0].min() > 240
    assert seen[:, 1:3].max() < 8


@pytest.mark.parametrize("opacity", [255, 254, 128, 40])
def test_resizing_keeps_colour_and_opacity_of_an_even_picture(opacity: int) -> None:
    picture = saved(with_opacity(sheet(64, 64, (200, 100, 50)), opacity))

    result = pixels(made("rs:fit:31:31@png", picture), "RGBA")

    assert close(result, (200, 100, 50, opacity), 1 if opacity > 100 else 3)


@pytest.mark.parametrize("kind", ["webp", "avif", "tiff"])
def test_an_alpha_channel_that_is_not_used_becomes_jpeg(kind: str) -> None:
    opaque = saved(with_opacity(scene(64, 48)), kind)

    result = made("rs:fit:40:40", opaque)

    assert result.media_type == "image/jpeg"
    assert opened(result).size == (40, 30)


@pytest.mark.parametrize("kind", ["webp", "avif", "tiff"])
@pytest.mark.parametrize("options", ["rs:fit:40:40", "rs:fit:40:40/bl:1", "ph:1", "q:50"])
def test_an_alpha_channel_that_is_used_never_becomes_jpeg(kind: str, options: str) -> None:
    picture = with_opacity(scene(64, 48))
    picture[5, 5, 3] = 100

    result = made(options, saved(picture, kind))

    assert result.media_type == "image/png"


def test_a_png_stays_png_even_if_it_is_opaque() -> None:
    result = made("rs:fit:40:40", saved(with_opacity(scene(64, 48))))

    assert result.media_type == "image/png"


def test_what_a_background_fills_may_become_jpeg() -> None:
    result = made("rs:fit:40:40/bg:f00", saved(soft_disc(64), "webp"))

    assert result.media_type == "image/jpeg"
    assert close(pixels(result)[2, 2], RED, 4)


@pytest.mark.parametrize("offers", [(Format.AVIF,), (Format.WEBP,), (Format.AVIF, Format.WEBP)])
def test_offers_that_hold_transparency_come_first(offers: tuple[Format, ...]) -> None:
    result = made("rs:fit:40:40", saved(soft_disc(64)), offers=offers)

    assert result.media_type == f"image/{offers[0]}"
    assert pixels(result, "RGBA")[1, 1, 3] == 0


@pytest.mark.parametrize("step", ["pd:5", "rs:fit:80:80/ex:1", "rs:fit:80:80/exar:1"])
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_added_room_is_transparent_or_has_the_background(step: str, kind: str) -> None:
    picture = saved(sheet(60, 40, RED), kind)

    clear = pixels(made(f"{step}@png", picture), "RGBA")
    filled = made(f"{step}/bg:0f0@png", picture)
    in_jpeg = pixels(made(f"{step}/q:95@jpeg", picture))

    assert clear[0, clear.shape[1] // 2, 3] == 0
    assert opened(filled).mode == "RGB"
    assert close(pixels(filled)[0, clear.shape[1] // 2], GREEN)
    assert close(in_jpeg[0, clear.shape[1] // 2], WHITE, 6)


def test_a_jpeg_with_added_room_stays_jpeg_as_in_imgproxy() -> None:
    result = made("pd:16/q:95", saved(sheet(60, 40, RED), "jpeg"))

    assert result.media_type == "image/jpeg"
    assert close(pixels(result)[1, 1], WHITE, 4)


def test_a_tiff_with_added_room_becomes_what_can_show_it() -> None:
    result = made("pd:5", saved(sheet(60, 40, RED), "tiff"))

    assert result.media_type == "image/png"
    assert pixels(result, "RGBA")[1, 1, 3] == 0


def test_deep_transparency_is_flattened_in_full_depth() -> None:
    picture = np.dstack([np.full((20, 20, 3), 0.25), np.full((20, 20), 0.5)])

    result = levels(made("ph:1/bg:fff@png", deep(picture)))

    assert result.shape[2] == 3
    assert np.abs(result - 0.625).max() < 1e-3


def test_the_transparent_colour_of_a_palette_is_kept() -> None:
    picture = opened(saved(sheet(20, 20, RED))).quantize(4)
    source = saved(picture, "png", transparency=picture.getpixel((0, 0)))

    result = made("rs:fit:10:10", source)

    assert (pixels(result, "RGBA")[..., 3] == 0).all()
