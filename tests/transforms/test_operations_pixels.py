"""What each operation does to known pixels, and that it does the same to every kind of picture."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pictures import (
    BLACK,
    BLUE,
    RED,
    WHITE,
    animation,
    close,
    deep,
    depth,
    gradient,
    levels,
    made,
    opened,
    pixels,
    quadrants,
    saved,
    sheet,
    soft_disc,
    with_opacity,
)
from transforms.encode import Encoded
from transforms.references import write_base64

COLOURED, GREY = f"wmu:{write_base64('coloured')}", f"wmu:{write_base64('grey')}"
ASSETS = {
    "coloured": saved(soft_disc(12, (255, 120, 0))),
    "grey": saved(np.dstack([sheet(9, 9, (200,)), sheet(9, 9, (128,))])),
    "red": saved(sheet(10, 6, RED)),
}
EVERY = (
    "bl:2", "sh:1", "pix:7", "a:20:1.2:1.5", "br:-30", "co:1.5", "sa:0.3", "mc:1:ff8800", "mc:0.5",
    "dt:0.7:102030:ffeecc", "col:0.4:ff0000", "col:0.4:ff0000:1", "gr:0.6:ff0000:left:0.2:0.9",
    "pd:3:5", "pd:3:5/bg:0f0", "bg:0f0", "ush:always", "rs:fit:20:20", "rs:fill:20:30",
    "rs:fit:20:20/ra:nearest", "c:15:15", "t:5", "rot:90", "fl:1:1",
    "rs:fit:60:60/ex:1", "rs:fit:60:60/exar:1", f"{COLOURED}/wm:0.7", f"{COLOURED}/wm:0.7:re:3:3",
    f"{COLOURED}/wm:0.7:ch:3:3", f"{GREY}/wm:0.7:soea", f"{COLOURED}/wm:1:noea:-4:-4:0.5",
)  # fmt: skip

RAMP = gradient(40, 30)[..., 0]
CLEARING = np.linspace(255, 0, 40).astype(np.uint8)[None].repeat(30, axis=0)


def shown(result: Encoded) -> NDArray[np.float64]:
    """Red, green, blue weighted with opacity, and opacity, in 0..1."""
    rows = levels(result)
    colour = rows[..., :3] if rows.shape[2] > 2 else rows[..., :1].repeat(3, axis=2)
    alpha = rows[..., -1:] if rows.shape[2] in (2, 4) else np.ones_like(rows[..., :1])
    return np.dstack([colour * alpha, alpha])


def weighted(result: Encoded) -> NDArray[np.int64]:
    """The first frame; what is clear has no colour."""
    rows = pixels(result, "RGBA")
    return rows[..., :3] * rows[..., 3:] // 255


@pytest.mark.parametrize("url", EVERY)
@pytest.mark.parametrize("opaque", [True, False])
def test_grey_colour_opacity_and_depth_make_no_difference(url: str, opaque: bool) -> None:
    alpha = np.full_like(RAMP, 255) if opaque else CLEARING
    grey, colour = RAMP[..., None], RAMP[..., None].repeat(3, axis=2)
    kinds = [np.dstack([colour, alpha]), np.dstack([grey, alpha]), *([colour, grey] * opaque)]

    shallow = [made(f"ph:1/{url}@png", saved(one.squeeze()), assets=ASSETS) for one in kinds]
    deeper = [made(f"ph:1/{url}@png", deep(one / 255), assets=ASSETS) for one in kinds]

    assert {result.data[24] for result in shallow} == {8}
    assert {result.data[24] for result in deeper} == {16}
    for result in (*shallow, *deeper):
        assert np.abs(shown(result) - shown(shallow[0])).max() * 255 < 2


@pytest.mark.parametrize("url", EVERY)
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_every_operation_works_on_every_frame(url: str, kind: str) -> None:
    frames = [gradient(40, 30), gradient(40, 30)[::-1].copy(), gradient(40, 30)[:, ::-1].copy()]
    source = animation(frames, kind, delays=(70, 130, 200))

    moving = made(f"{url}/webpo:lossless@webp", source, assets=ASSETS)
    first = made(f"{url}/da:1/webpo:lossless@webp", source, assets=ASSETS)

    assert (moving.frames, opened(moving).size) == (3, (moving.width, moving.height))
    if "t:" not in url:
        assert np.abs(weighted(moving) - weighted(first)).max() <= 2


def test_blur_spreads_an_edge_and_keeps_the_rest() -> None:
    picture = quadrants(64, 64, corners=(BLACK, WHITE, WHITE, BLACK))

    result = pixels(made("bl:3@png", saved(picture)))[32, :, 0]

    assert close(result[[0, -1]], [0, 255])
    assert (np.diff(result) >= 0).all()
    assert close(result[31] + result[32], [255], 4)
    assert 10 < result[28] < 60


def test_blur_of_a_transparent_edge_brings_no_dark() -> None:
    picture = np.dstack([sheet(40, 20, BLACK), np.zeros((20, 40), np.uint8)])
    picture[:, 20:] = (*RED, 255)

    result = pixels(made("bl:3@png", saved(picture)), "RGBA")[10]

    there = result[result[:, 3] > 12]
    assert there[:, 0].min() > 240


def test_sharpening_overshoots_edges_and_leaves_flats() -> None:
    picture = quadrants(64, 64, corners=((90,) * 3, (160,) * 3, (160,) * 3, (90,) * 3))

    result = pixels(made("sh:1@png", saved(picture)))[32, :, 0]

    assert close(result[[5, -5]], [90, 160])
    assert result.min() < 85
    assert result.max() > 165


def test_pixelate_makes_squares_and_mirrors_at_the_edge() -> None:
    picture = sheet(10, 4, WHITE)
    picture[:, 8:] = BLACK
    picture[:, 9] = (100, 100, 100)

    result = pixels(made("pix:4@png", saved(picture)))[1, :, 0]

    assert close(result[:8], [255] * 8, 0)
    # Black, grey, and both mirrored: (0 + 100 + 100 + 0) / 4.
    assert close(result[8:], [50, 50], 1)


@pytest.mark.parametrize("side", [2, 7, 100, 100_000])
@pytest.mark.parametrize("size", [(1, 1), (3, 1), (10, 7), (2, 31)])
def test_pixelate_keeps_any_size(side: int, size: tuple[int, int]) -> None:
    result = made(f"pix:{side}@png", saved(sheet(*size, RED)))

    assert (result.width, result.height) == size
    assert close(pixels(result)[0, 0], RED)


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        ("br:40", (10, 100, 250), (50, 140, 255)),
        ("br:-40", (10, 100, 250), (0, 60, 210)),
        ("co:2", (64, 128, 250), (0, 128, 255)),
        ("co:0.5", (0, 128, 255), (64, 128, 191)),
        ("sa:1.5", (128, 128, 128), (128, 128, 128)),
        ("sa:1.5", (255, 255, 255), (255, 255, 255)),
        ("sa:2", (100, 150, 200), (56, 156, 255)),
        ("a:10:2:1", (100, 128, 150), (92, 148, 192)),
        ("mc:1", (255, 255, 255), (255, 255, 255)),
        ("mc:1", (0, 0, 0), (0, 0, 0)),
        ("mc:1", (60, 60, 60), (60, 60, 60)),
        ("mc:1", (255, 0, 0), (54, 54, 54)),
        ("mc:0.5", (255, 0, 0), (155, 27, 27)),
        ("mc:1:ff0000", (54, 54, 54), (255, 0, 0)),
        ("dt:1:ff0000:0000ff", (0, 0, 0), (255, 0, 0)),
        ("dt:1:ff0000:0000ff", (255, 255, 255), (0, 0, 255)),
        ("dt:0.5:ff0000:0000ff", (255, 255, 255), (128, 128, 255)),
        ("col:0.5:ff0000", (0, 100, 200), (128, 50, 100)),
        ("col:1:336699", (0, 100, 200), (0x33, 0x66, 0x99)),
        ("bg:f00", (1, 2, 3), (1, 2, 3)),
    ],
)
def test_tones_come_out_as_calculated(
    options: str, before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    result = pixels(made(f"{options}@png", saved(sheet(20, 20, before))))

    assert close(result[9, 9], after, 2)


def test_tones_of_white_do_not_fade() -> None:
    for options in ("sa:0.5", "mc:1", "mc:0.3", "dt:0.3:000:fff", "sa:3/mc:0.7"):
        result = pixels(made(f"{options}@png", saved(sheet(20, 20, WHITE))))

        assert (result == 255).all(), options


def test_colorize_covers_all_or_only_what_is_there() -> None:
    picture = saved(
        np.hstack([with_opacity(sheet(4, 4, BLUE), 255), np.zeros((4, 4, 4), np.uint8)])
    )

    sheet_over = pixels(made("col:0.5:ff0000@png", picture), "RGBA")
    kept = pixels(made("col:0.5:ff0000:1@png", picture), "RGBA")

    assert close(sheet_over[1, 1], (128, 0, 127, 255))
    assert close(sheet_over[1, 6], (255, 0, 0, 128))
    assert close(kept[1, 1], (128, 0, 127, 255))
    assert kept[1, 6, 3] == 0


@pytest.mark.parametrize(
    ("direction", "strong", "weak"),
    [
        ("down", (10, 39), (10, 0)),
        ("up", (10, 0), (10, 39)),
        ("left", (0, 10), (39, 10)),
        ("right", (39, 10), (0, 10)),
        ("0", (10, 39), (10, 0)),
        ("45", (0, 39), (39, 0)),
        ("180", (10, 0), (10, 39)),
        ("-90", (39, 10), (0, 10)),
    ],
)
def test_a_gradient_grows_in_its_direction(
    direction: str, strong: tuple[int, int], weak: tuple[int, int]
) -> None:
    result = pixels(made(f"gr:1:ff0000:{direction}@png", saved(sheet(40, 40, BLUE))))

    assert close(result[strong[::-1]], RED, 5)
    assert close(result[weak[::-1]], BLUE, 5)
    assert close(result[20, 20], (128, 0, 127), 6)


def test_a_gradient_has_a_start_and_a_stop() -> None:
    picture = saved(sheet(4, 100, BLUE))

    result = pixels(made("gr:0.5:ff0000:down:0.25:0.5@png", picture))[:, 2]

    assert close(result[[0, 24]], [BLUE, BLUE])
    assert close(result[37], (64, 0, 191), 4)
    assert close(result[[51, 99]], [(128, 0, 127), (128, 0, 127)])


def test_unsharp_masking_waits_for_a_smaller_picture_without_other_sharpening() -> None:
    edge = saved(quadrants(64, 64, corners=((90,) * 3, (160,) * 3, (160,) * 3, (90,) * 3)))

    same, small, sharp = (
        pixels(made(f"ra:linear/ush:auto:1:8{more}@png", edge))
        for more in ("", "/rs:fit:32:32", "/rs:fit:32:32/sh:0.5")
    )
    only_sharp = pixels(made("ra:linear/rs:fit:32:32/sh:0.5@png", edge))
    always = pixels(made("ush:always:1:8@png", edge))

    assert (same.min(), same.max()) == (90, 160)
    assert (small.min(), small.max()) != (90, 160)
    assert (sharp == only_sharp).all()
    # 3 of 8 neighbours lie across the edge: 160 + 3/8 * 70.
    assert close(always[30, 32], (186,) * 3, 1)


def test_a_background_shows_through_and_nothing_is_transparent_afterwards() -> None:
    result = made("bg:00ff00@png", saved(with_opacity(sheet(9, 9, RED), 128)))

    assert opened(result).mode == "RGB"
    assert close(pixels(result)[4, 4], (128, 127, 0), 2)


def test_a_deep_picture_stays_deep_through_every_filter() -> None:
    smooth = np.linspace(0.1, 0.9, 4000).reshape(20, 200)[..., None].repeat(3, axis=2)
    steps = "rs:fit:150:0/bl:1/sh:0.5/a:5:1.1:1.2/gr:0.2/pd:2"

    result = made(f"ph:1/{steps}@png", deep(smooth))

    assert depth(result) > 1000
