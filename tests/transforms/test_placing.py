"""Where room, other pictures and cuts go: to the pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    animation,
    close,
    made,
    opened,
    pixels,
    saved,
    sheet,
    with_opacity,
)
from transforms.references import write_base64

ASSETS = {
    "grey": saved(np.dstack([sheet(9, 9, (200,)), sheet(9, 9, (128,))])),
    "red": saved(sheet(10, 6, RED)),
}


def marked(options: str, picture: Any, mark: str = "red") -> NDArray[np.int64]:
    url = f"wmu:{write_base64(mark)}/{options}@png"
    return pixels(made(url, saved(picture), assets=ASSETS))


def test_padding_is_multiplied_by_the_reached_device_pixel_ratio() -> None:
    picture = saved(sheet(100, 100, RED))

    twice = made("rs:fit:40:40/dpr:2/pd:1:2:3:4/bg:0f0@png", picture)
    reached = made("rs:fit:100:100/dpr:2/pd:10/bg:0f0@png", picture)

    assert (twice.width, twice.height) == (80 + 4 + 8, 80 + 2 + 6)
    rows = pixels(twice)
    assert close(rows[1, 50], GREEN)
    assert close(rows[2, 8], RED)
    assert close(rows[81, 87], RED)
    assert close(rows[82, 87], GREEN)
    assert close(rows[81, 88], GREEN)
    assert (reached.width, reached.height) == (120, 120)


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("ce", 20, 10), ("no", 20, 0), ("so", 20, 20), ("we", 0, 10), ("ea", 40, 10),
        ("nowe", 0, 0), ("soea", 40, 20), ("nowe:3:4", 3, 4), ("soea:3:4", 37, 16),
        ("ce:-5:2", 15, 12), ("fp:0:0", 0, 0), ("fp:1:1", 40, 20), ("fp:0.5:0.5", 20, 10),
        ("nowe:0.1:0.1", 6, 4),
    ],
)  # fmt: skip
def test_extending_puts_the_picture_where_gravity_says(gravity: str, left: int, top: int) -> None:
    result = pixels(made(f"rs:force:60:40/ex:1:{gravity}/bg:fff@png", saved(sheet(20, 20, RED))))
    small = pixels(made(f"rs:fit:60:40/ex:1:{gravity}/bg:fff@png", saved(sheet(20, 20, RED))))

    assert result.shape == (40, 60, 3)
    red = np.argwhere((small == RED).all(axis=2))
    assert (*red.min(axis=0), *red.max(axis=0)) == (top, left, top + 19, left + 19)


@pytest.mark.parametrize(
    ("options", "box"),
    [
        ("wm:1", (26, 18, 35, 23)),
        ("wm:1:nowe", (0, 0, 9, 5)),
        ("wm:1:soea", (50, 34, 59, 39)),
        ("wm:1:soea:5:4", (45, 30, 54, 35)),
        ("wm:1:no::3", (26, 3, 35, 8)),
        ("wm:1:nowe:0.1:0.5", (6, 20, 15, 25)),
        ("wm:1:nowe:-4:-2", (0, 0, 5, 3)),
        ("wm:1:soea:-4:-2", (54, 36, 59, 39)),
        ("wm:1:nowe:-500:-500", (0, 0, 0, 0)),
        ("wm:1:soea:-500:-500", (59, 39, 59, 39)),
        ("wm:1:nowe:0:0:0.5", (0, 0, 29, 17)),
        ("wm:1:ce:0:0:1", (0, 2, 59, 37)),
    ],
)
def test_a_watermark_lies_where_it_is_put(options: str, box: tuple[int, int, int, int]) -> None:
    result = marked(options, sheet(60, 40, BLUE))

    red = np.argwhere(result[..., 0] > 128)
    (top, left), (bottom, right) = red.min(axis=0), red.max(axis=0)
    assert (left, top, right, bottom) == box


def test_a_watermark_is_mixed_by_its_opacity_and_leaves_opacity_alone() -> None:
    half = marked("wm:0.5:nowe", sheet(60, 40, BLUE))
    opaque = made(
        f"wmu:{write_base64('red')}/wm:0.5:nowe@png",
        saved(with_opacity(sheet(60, 40, BLUE), 0)),
        assets=ASSETS,
    )

    assert close(half[2, 2], (128, 0, 127), 2)
    assert opened(opaque).mode == "RGBA"
    assert close(pixels(opaque, "RGBA")[2, 2], (255, 0, 0, 128), 2)


def test_tiles_fill_the_picture_with_one_in_the_middle() -> None:
    result = marked("wm:1:re:4:2", sheet(60, 40, BLUE))

    red = result[..., 0] > 128
    assert red[20, 30]
    # Tiles of 14 x 8, each with a mark of 10 x 6 in it.
    assert abs(red.mean() - 60 / 112) < 0.05
    assert (red[:, :46] == red[:, 14:]).all()
    assert (red[:32] == red[8:]).all()


def test_a_chessboard_leaves_every_other_tile_out() -> None:
    result = marked("wm:1:ch", sheet(60, 40, BLUE))

    red = result[..., 0] > 128
    assert red[20, 30]
    assert abs(red.mean() - 0.5) < 0.05
    assert (red[:, :50] != red[:, 10:]).all()


def test_a_watermark_brings_its_colour_to_a_grey_picture() -> None:
    coloured = marked("wm:1", sheet(60, 40, (90,)).squeeze())
    url = f"wmu:{write_base64('grey')}/wm:1@png"
    grey = made(url, saved(sheet(60, 40, (90,)).squeeze()), assets=ASSETS)

    assert close(coloured[20, 30], RED)
    assert close(coloured[0, 0], (90, 90, 90))
    assert opened(grey).mode == "L"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 9), (9, 2), (3, 3)])
def test_trimming_what_is_all_border_changes_nothing(size: tuple[int, int]) -> None:
    result = made("t:10@png", saved(sheet(*size, WHITE)))

    assert (result.width, result.height) == size


@pytest.mark.parametrize(
    ("options", "size"),
    [("t:10", (10, 8)), ("t:10:ffffff", (10, 8)), ("t:10:ff0000", (40, 30)), ("t:255", (40, 30))],
)
def test_trimming_looks_for_a_colour(options: str, size: tuple[int, int]) -> None:
    picture = sheet(40, 30, WHITE)
    picture[12:20, 5:15] = BLUE

    result = made(f"{options}@png", saved(picture))

    assert (result.width, result.height) == size


def test_trimming_sees_transparency_as_a_border() -> None:
    picture = np.zeros((30, 40, 4), np.uint8)
    picture[12:20, 5:15] = (*BLUE, 255)

    result = made("t:10/rs:fit:5:0@png", saved(picture))

    assert (result.width, result.height) == (5, 4)


def test_trimming_an_animation_keeps_what_stays_of_any_frame() -> None:
    frames = [sheet(40, 30, WHITE) for _ in range(3)]
    frames[1][10:15, 5:12] = BLUE
    frames[2][12:25, 20:30] = RED

    result = made("t:10@gif", animation(frames))

    assert (result.frames, result.width, result.height) == (3, 25, 15)
