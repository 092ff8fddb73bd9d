"""What is upright in a viewer is upright here, and every place in a URL is said of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from tests.pictures import made, opened, oriented, pixels, planned, quadrants, saved, sheet
from transforms.decode import open_source
from transforms.limits import Limits
from transforms.output import Input
from transforms.turn import UPRIGHT

Rows = NDArray[Any]
# How an upright picture is laid down so that this orientation stands it up again.
LAID_DOWN: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
KINDS = ("jpeg", "png", "webp", "tiff", "avif")
each_way_up = pytest.mark.parametrize("orientation", LAID_DOWN)
each_kind = pytest.mark.parametrize("kind", KINDS)


def laid_down(upright: Rows, orientation: int, kind: str) -> bytes:
    how = LAID_DOWN[orientation]
    stored = Image.fromarray(upright)
    return oriented(np.asarray(stored if how is None else stored.transpose(how)), orientation, kind)


def alike(one: Rows, other: Rows) -> bool:
    """Equal but for what an encoder does to edges."""
    return one.shape == other.shape and np.abs(one.astype(float) - other).mean() < 9


UPRIGHTED = quadrants(48, 32)

OPERATIONS: dict[str, Callable[[Rows], Rows]] = {
    "bl:0": lambda rows: rows,
    "c:20:12:nowe": lambda rows: rows[:12, :20],
    "c:20:12:soea": lambda rows: rows[-12:, -20:],
    "c:20:12:noea:6:4": lambda rows: rows[4:16, 22:42],
    "c:20:0:we": lambda rows: rows[:, :20],
    "c:20:12:fp:0.75:0.25": lambda rows: rows[2:14, 26:46],
    "c:0.25:0.5:sowe": lambda rows: rows[16:, :12],
    "rot:90": lambda rows: np.rot90(rows, -1),
    "rot:180": lambda rows: np.rot90(rows, 2),
    "rot:270": lambda rows: np.rot90(rows, 1),
    "fl:1": lambda rows: rows[:, ::-1],
    "fl:0:1": lambda rows: rows[::-1],
    "rot:90/fl:1": lambda rows: np.rot90(rows, -1)[:, ::-1],
    "rot:90/fl:0:1": lambda rows: np.rot90(rows, -1)[::-1],
    "c:12:20:nowe/rot:90": lambda rows: np.rot90(rows, -1)[:20, :12],
    "rs:fill:20:32/g:ea": lambda rows: rows[:, -20:],
    "rs:fit:60:60/ex:1:nowe/bg:fff": lambda rows: np.pad(
        rows, ((0, 28), (0, 12), (0, 0)), constant_values=255
    ),
    "pd:2:4:6:8/bg:fff": lambda rows: np.pad(rows, ((2, 6), (8, 4), (0, 0)), constant_values=255),
}


@each_way_up
@each_kind
@pytest.mark.parametrize("options", OPERATIONS)
def test_operations_are_said_of_the_upright_picture(
    kind: str, orientation: int, options: str
) -> None:
    source = laid_down(UPRIGHTED, orientation, kind)

    result = made(f"{options}@png", source)

    expected = OPERATIONS[options](UPRIGHTED)
    assert (result.height, result.width) == expected.shape[:2]
    assert alike(pixels(result), expected)


@each_way_up
@each_kind
@pytest.mark.parametrize(
    ("options", "left", "top", "right", "bottom"),
    [
        ("t:10", 8, 2, 20, 6),
        ("t:10::1", 8, 2, 8, 6),
        ("t:10::0:1", 8, 2, 20, 2),
        ("t:10::1:1", 8, 2, 8, 2),
    ],
)
def test_trimming_counts_borders_as_they_are_seen(
    kind: str, orientation: int, options: str, left: int, top: int, right: int, bottom: int
) -> None:
    bordered = np.pad(UPRIGHTED, ((2, 6), (8, 20), (0, 0)), constant_values=255)
    source = laid_down(bordered, orientation, kind)

    result = pixels(made(f"{options}@png", source))

    expected = bordered[top : bordered.shape[0] - bottom, left : bordered.shape[1] - right]
    # Compressed edges may leave a pixel of the border.
    assert np.abs(np.subtract(result.shape, expected.shape)).max() <= (2 if kind == "avif" else 0)
    by = tuple(np.minimum(result.shape, expected.shape))
    assert alike(result[: by[0], : by[1]], expected[: by[0], : by[1]])


@each_way_up
@each_kind
def test_a_large_picture_is_upright_when_it_is_decoded_smaller(kind: str, orientation: int) -> None:
    source = laid_down(quadrants(480, 320), orientation, kind)

    result = made("rs:fill:40:40/g:nowe@png", source)

    assert alike(pixels(result), quadrants(60, 40)[:, :40])


@each_way_up
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_the_stored_way_up_stays_when_asked(kind: str, orientation: int) -> None:
    source = oriented(UPRIGHTED, orientation, kind)

    result = made("ar:0/bl:0@png", source)

    assert alike(pixels(result), UPRIGHTED)


@each_way_up
@each_kind
@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("options", ["bl:1", "bl:1/sm:0"])
def test_a_result_does_not_ask_for_another_turn(
    kind: str, orientation: int, target: str, options: str
) -> None:
    source = laid_down(UPRIGHTED, orientation, kind)

    result = made(f"{options}@{target}", source)

    assert opened(result).getexif().get(0x0112, 1) == 1
    assert open_source(result.data, Input(), limits=Limits()).canvas.turn == UPRIGHT


@each_way_up
def test_avif_that_says_it_twice_is_turned_once(orientation: int) -> None:
    how = LAID_DOWN[orientation]
    picture = Image.fromarray(UPRIGHTED)
    source = avif_with_exif(
        np.asarray(picture if how is None else picture.transpose(how)), orientation
    )

    result = made("bl:0@png", source)

    assert b"Exif" in source
    assert (b"irot" in source or b"imir" in source) == (orientation > 1)
    assert alike(pixels(result), UPRIGHTED)


@each_way_up
def test_avif_is_not_turned_by_exif_alone(orientation: int) -> None:
    said, to_say = (b"\x12\x01\x03\0\x01\0\0\0" + bytes((one,)) for one in (1, orientation))
    source = avif_with_exif(UPRIGHTED, 1)
    assert said in source

    result = made("bl:0@png", source.replace(said, to_say))

    assert alike(pixels(result), UPRIGHTED)


def avif_with_exif(rows: Rows, orientation: int) -> bytes:
    height, width, _ = rows.shape
    image = pyvips.Image.new_from_memory(rows.tobytes(), width, height, 3, "uchar")
    image = image.copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image.heifsave_buffer(compression="av1", Q=95, subsample_mode="off", keep=1)


@each_way_up
@each_kind
def test_a_source_may_go_out_only_if_it_lies_right(kind: str, orientation: int) -> None:
    source = laid_down(UPRIGHTED, orientation, kind)

    result = made(f"@{kind}", source)

    if orientation != 1:
        assert result.chosen == "result"
    assert alike(pixels(result), UPRIGHTED)


@each_way_up
@pytest.mark.parametrize("target", ["gif", "webp"])
def test_animations_are_turned_frame_by_frame(orientation: int, target: str) -> None:
    how = LAID_DOWN[orientation]
    frames = [Image.fromarray(UPRIGHTED), Image.fromarray(UPRIGHTED[::-1].copy())]
    stored = [frame if how is None else frame.transpose(how) for frame in frames]
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = _moving_webp(stored, exif.tobytes())

    result = made(f"rs:fit:24:24/webpo:lossless@{target}", source)

    picture = opened(result)
    assert (picture.size, result.frames) == ((24, 16), 2)
    assert alike(pixels(result), quadrants(24, 16))
    picture.seek(1)
    assert alike(np.asarray(picture.convert("RGB")), quadrants(24, 16)[::-1])


def _moving_webp(frames: list[Image.Image], exif: bytes) -> bytes:
    first, *rest = frames
    return saved(first, "webp", save_all=True, append_images=rest, duration=100, exif=exif)


@each_way_up
@pytest.mark.parametrize("gravity", ["nowe", "soea", "ce", "fp:0.1:0.9"])
def test_predicted_sizes_are_those_of_the_result(orientation: int, gravity: str) -> None:
    source = laid_down(sheet(90, 50, (9, 9, 9)), orientation, "jpeg")
    url = f"c:40:60:{gravity}/rs:fill:17:33/rot:90/pd:1:2:3:4"

    result = made(f"{url}@png", source)

    canvas = open_source(source, Input(), limits=Limits()).canvas
    assert (result.width, result.height) == planned(url).size(canvas).size
