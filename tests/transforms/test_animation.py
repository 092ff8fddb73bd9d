"""What moves keeps moving: every frame, its time on screen and the loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

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
)
from transforms.encode import Encoded
from transforms.errors import BrokenSource, LimitExceeded, UnsupportedSource
from transforms.formats import Format
from transforms.limits import Limits

DELAYS = (70, 130, 200, 40)
COLOURS = (RED, GREEN, BLUE, WHITE)
kinds = pytest.mark.parametrize("kind", ["gif", "webp"])
targets = pytest.mark.parametrize("target", ["gif", "webp"])


def colours(width: int = 40, height: int = 30) -> list[NDArray[np.uint8]]:
    return [sheet(width, height, colour) for colour in COLOURS]


def frames(result: Encoded | bytes) -> Iterator[Image.Image]:
    picture = opened(result)
    for place in range(getattr(picture, "n_frames", 1)):
        picture.seek(place)
        yield picture.convert("RGBA")


def delays(result: Encoded | bytes) -> list[int]:
    picture: Any = opened(result)
    found = []
    for place in range(picture.n_frames):
        picture.seek(place)
        picture.load()
        found.append(picture.info["duration"])
    return found


@kinds
@targets
@pytest.mark.parametrize("options", ["bl:0", "rs:fit:20:20", "rs:fill:20:20/bl:1", "rot:90/pd:2"])
def test_frames_and_delays_are_kept(kind: str, target: str, options: str) -> None:
    source = animation(colours(), kind, delays=DELAYS)

    result = made(f"{options}/webpo:lossless@{target}", source)

    shown = [frame.getpixel((8, 8)) for frame in frames(result)]
    assert result.frames == 4
    assert delays(result) == list(DELAYS)
    for pixel, colour in zip(shown, COLOURS, strict=True):
        assert close(pixel, (*colour, 255))


@kinds
@targets
@pytest.mark.parametrize("loop", [0, 1, 2, 5])
def test_the_loop_is_kept(kind: str, target: str, loop: int) -> None:
    source = animation(colours(), kind, loop=loop)

    result = made(f"rs:fit:20:20@{target}", source)

    assert _times(result.data) == _times(source)


def _times(data: bytes) -> int:
    """How often it is shown; 0 for ever. GIF counts the repetitions, WebP the showings."""
    loop = opened(data).info.get("loop")
    if loop is None:
        return 1
    return int(loop) + 1 if data.startswith(b"GIF") and loop else int(loop)


def test_an_animation_that_is_shown_once_is_shown_once() -> None:
    source = animation(colours(), "gif", loop=None)

    result = made("rs:fit:20:20@gif", source)
    to_webp = made("rs:fit:20:20@webp", source)

    assert "loop" not in opened(result).info
    assert opened(to_webp).info["loop"] == 1


@kinds
@targets
def test_transparency_and_disposal_show_the_same_frames(kind: str, target: str) -> None:
    stills = []
    for place in range(4):
        still = np.zeros((30, 40, 4), np.uint8)
        still[5:15, 4 + 8 * place : 10 + 8 * place] = (*COLOURS[place], 255)
        stills.append(Image.fromarray(still))
    source = animation(stills, kind, disposal=2) if kind == "gif" else animation(stills, kind)

    result = made(f"bl:0/webpo:lossless@{target}", source)

    for before, after in zip(frames(source), frames(result), strict=True):
        assert (np.asarray(before)[..., 3] == np.asarray(after)[..., 3]).all()
        there = np.asarray(before)[..., 3] > 0
        assert close(np.asarray(after)[there], np.asarray(before)[there])


def test_frames_that_only_say_what_changed_are_made_whole() -> None:
    base = sheet(40, 30, BLUE)
    stills = []
    for place in range(3):
        base = base.copy()
        base[5:10, 5 + 10 * place : 9 + 10 * place] = RED
        stills.append(base)
    source = animation(stills, "gif", disposal=1)

    result = made("rs:force:80:60/el:1/ra:nearest@gif", source)

    for still, frame in zip(stills, frames(result), strict=True):
        expected = still.repeat(2, axis=0).repeat(2, axis=1)
        assert close(np.asarray(frame)[..., :3], expected, 4)


@kinds
def test_smart_gravity_cuts_every_frame_alike(kind: str) -> None:
    stills = []
    for place in range(3):
        still = sheet(90, 30, (200, 200, 200))
        still[:, 80 - 30 * place : 84 - 30 * place] = RED
        stills.append(still)
    source = animation(stills, kind)

    result = made("rs:fill:30:30/g:sm/webpo:lossless@webp", source)

    at = [np.asarray(frame)[..., 1].min(axis=0) < 100 for frame in frames(result)]
    assert result.frames == 3
    assert at[0].any()
    assert not at[1].any()


@kinds
@pytest.mark.parametrize("target", ["jpeg", "png", "avif", "tiff"])
def test_formats_that_stand_still_show_the_first_frame(kind: str, target: str) -> None:
    source = animation(colours(), kind)

    result = made(f"rs:fit:20:20@{target}", source)

    assert (result.frames, result.width, result.height) == (1, 20, 15)
    assert close(pixels(result)[5, 5], RED)


@kinds
@pytest.mark.parametrize(
    ("options", "colour"),
    [("da:1", RED), ("da:1/pg:2", BLUE), ("pg:3", WHITE)],
)
def test_one_frame_can_be_asked_for(kind: str, options: str, colour: tuple[int, int, int]) -> None:
    source = animation(colours(), kind)

    result = made(f"{options}/rs:fit:20:20@png", source)

    assert close(pixels(result)[5, 5], colour)
    assert "duration" not in opened(result).info


@kinds
@targets
def test_a_still_of_an_animation_is_no_animation(kind: str, target: str) -> None:
    result = made(f"da:1/pg:1/webpo:lossless@{target}", animation(colours(), kind))

    assert result.frames == 1
    assert getattr(opened(result), "n_frames", 1) == 1
    assert close(pixels(result)[5, 5], GREEN)


@kinds
def test_a_page_that_is_not_there_is_an_error(kind: str) -> None:
    with pytest.raises(BrokenSource, match="4 pages"):
        made("pg:4@png", animation(colours(), kind))


@kinds
def test_a_limit_on_frames_leaves_out_the_last(kind: str) -> None:
    result = made("maf:2/webpo:lossless@webp", animation(colours(), kind, delays=DELAYS))

    assert delays(result) == [70, 130]


@kinds
def test_more_frames_than_the_server_takes_are_refused_unless_one_will_do(kind: str) -> None:
    source, few = animation(colours(), kind), replace(Limits(), max_frames=3)

    with pytest.raises(LimitExceeded, match=r"4 frames.*SAFELIGHT_MAX_FRAMES"):
        made("bl:1@webp", source, limits=few)
    result = made("bl:1@png", source, limits=few)

    assert result.frames == 1


@kinds
def test_all_frames_count_as_pixels_of_source_and_result(kind: str) -> None:
    source = animation(colours(200, 200), kind)

    with pytest.raises(LimitExceeded, match="MAX_SRC_MEGAPIXELS"):
        made("rs:fit:9:9@webp", source, limits=replace(Limits(), max_src_megapixels=0.15))
    with pytest.raises(LimitExceeded, match="MAX_RESULT_MEGAPIXELS"):
        made("bl:1@webp", source, limits=replace(Limits(), max_result_megapixels=0.15))


@pytest.mark.parametrize(
    ("offers", "kind"),
    [
        ((), Format.GIF),
        ((Format.AVIF,), Format.GIF),
        ((Format.AVIF, Format.WEBP), Format.WEBP),
    ],
)
def test_the_format_that_is_chosen_can_move(offers: tuple[Format, ...], kind: Format) -> None:
    result = made("rs:fit:20:20", animation(colours(), "gif"), offers=offers)
    still = made("rs:fit:30:30/da:1", animation(colours(), "gif"), offers=(Format.AVIF,))

    assert result.media_type == f"image/{kind}"
    assert result.frames == 4
    assert (still.media_type, still.frames) == ("image/avif", 1)


def test_a_moving_webp_becomes_a_gif_for_those_who_take_nothing_else() -> None:
    result = made("rs:fit:20:20", animation(colours(), "webp"))

    assert (result.media_type, result.frames) == ("image/gif", 4)


def test_a_gif_of_one_frame_is_a_picture_like_others() -> None:
    result = made(
        "rs:fit:30:30", saved(Image.fromarray(colours()[0]), "gif"), offers=(Format.AVIF,)
    )

    assert (result.media_type, result.frames) == ("image/avif", 1)


def test_animated_avif_is_refused_and_animated_png_shows_its_default_picture() -> None:
    stills = [Image.fromarray(still) for still in colours(64, 64)]
    avif = saved(stills[0], "avif", save_all=True, append_images=stills[1:])
    png = saved(stills[0], "png", save_all=True, append_images=stills[1:])

    with pytest.raises(UnsupportedSource, match="animated AVIF"):
        made("rs:fit:20:20@webp", avif)
    still = made("rs:fit:20:20/da:1@png", avif)
    default = made("rs:fit:20:20@webp", png)

    assert close(pixels(still)[5, 5], RED)
    assert default.frames == 1
    assert close(pixels(default)[5, 5], RED, 8)


def test_a_long_animation_is_made_whole() -> None:
    stills = [sheet(32, 32, (place * 2, 255 - place * 2, 128)) for place in range(120)]
    source = animation(stills, "webp", delays=(30,))

    result = made("rs:fit:16:16/bl:1/rot:90/webpo:lossless@webp", source)

    shown = [np.asarray(frame)[8, 8, 0] for frame in frames(result)]
    assert result.frames == 120
    assert close(shown, [place * 2 for place in range(120)], 2)


def test_sizes_beyond_the_format_shrink_all_frames() -> None:
    source = animation([sheet(17000, 4, RED), sheet(17000, 4, BLUE)], "gif")

    result = made("@webp", source)

    assert (result.width, result.frames) == (16383, 2)
    assert opened(result).size == (result.width, result.height)
