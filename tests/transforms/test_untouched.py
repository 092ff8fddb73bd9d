"""The source's own bytes go out where nothing better can be made of them, and nothing private."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from PIL import Image

from tests.pictures import (
    animation,
    gradient,
    made,
    opened,
    oriented,
    pixels,
    planned,
    quadrants,
    saved,
    scene,
    sheet,
    with_opacity,
)
from tests.transforms import profiles
from tests.transforms.colours import cmyk_profile, seen
from transforms.errors import UnsupportedOutput, UnsupportedSource
from transforms.formats import Format
from transforms.limits import Limits
from transforms.pipeline import run

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9"/></svg>'
kinds = pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])


@functools.cache
def small(kind: str) -> bytes:
    """As small as a file of its kind can be, so that encoding it again does not help."""
    match kind:
        case "jpeg":
            return saved(scene(), kind, quality=30, optimize=True, progressive=True)
        case "webp":
            return saved(scene(), kind, lossless=False, quality=20, method=6)
    picture = Image.fromarray(scene()).quantize(16 if kind == "png" else 8)
    return made(f"bl:0@{kind}", saved(picture)).data


@kinds
@pytest.mark.parametrize("extension", ["", "@own"])
def test_a_source_that_encoding_makes_no_smaller_goes_out_itself(kind: str, extension: str) -> None:
    offers = (Format(kind),)

    result = made(f"q:95{extension.replace('own', kind)}", small(kind), offers=offers)

    assert result.chosen == "source"
    assert len(result.data) <= len(small(kind))
    assert (pixels(result) == pixels(small(kind))).all()
    assert (result.width, result.height) == opened(small(kind)).size
    assert result.media_type == f"image/{kind}"


@kinds
def test_a_smaller_result_goes_out_instead(kind: str) -> None:
    large = saved(np.zeros((99, 99, 3), np.uint8), kind, comment=b"") + b"\0" * 9000

    result = made(f"@{kind}", large)

    assert result.chosen == "result"
    assert len(result.data) < len(large)


@kinds
@pytest.mark.parametrize(
    "options", ["rs:fit:100:100", "bl:1", "bg:fff", "rot:90", "c:100:100", "t:5", "pd:1"]
)
def test_a_picture_that_is_changed_is_encoded(kind: str, options: str) -> None:
    result = made(f"q:95/{options}@{kind}", small(kind))

    assert result.chosen == "result"


@kinds
@pytest.mark.parametrize("other", ["jpeg", "png", "webp", "avif", "gif", "tiff"])
def test_another_format_that_is_asked_for_is_honoured(kind: str, other: str) -> None:
    result = made(f"q:95@{other}", small(kind))

    assert result.media_type == f"image/{other}"
    assert (result.chosen == "source") <= (kind == other)


@pytest.mark.parametrize("offered", [True, False])
def test_a_kind_that_not_every_browser_shows_goes_out_only_if_it_is_offered(offered: bool) -> None:
    result = made("q:95", small("webp"), offers=(Format.WEBP,) if offered else ())

    assert (result.chosen == "source") == offered
    assert (result.media_type == "image/webp") == offered


@pytest.mark.parametrize(
    "source",
    [
        saved(scene(), "jpeg", quality=30, icc_profile=profiles.ADOBE),
        saved(Image.fromarray(scene()).convert("CMYK"), "jpeg", quality=20),
        saved(Image.fromarray(scene()).convert("CMYK"), "jpeg", icc_profile=cmyk_profile()),
    ],
    ids=["Adobe RGB", "CMYK", "CMYK with a profile"],
)
def test_colours_that_need_a_profile_are_converted(source: bytes) -> None:
    result = made("q:100/jpgo:0:1", source)

    assert result.chosen == "result"
    assert np.abs(pixels(result) - np.asarray(seen(source).convert("RGB"))).mean() < 3


def test_a_profile_that_is_to_be_kept_goes_out_with_its_pixels() -> None:
    source = saved(scene(), "jpeg", quality=30, icc_profile=profiles.ADOBE)

    result = made("q:95/scp:0", source)

    assert result.chosen == "source"
    assert opened(result).info["icc_profile"] == profiles.ADOBE


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    result = made("q:100", oriented(quadrants(), 6, "jpeg"))

    assert (result.chosen, result.width, result.height) == ("result", 32, 48)


def test_an_animation_goes_out_only_with_all_its_frames() -> None:
    source = animation([sheet(8, 8, (level, 0, 0)) for level in (0, 99, 255)], "gif")

    whole = made("q:95@gif", source)
    some = made("maf:2@gif", source)
    still = made("da:1@gif", source)

    assert whole.frames == 3
    assert (some.chosen, some.frames) == ("result", 2)
    assert (still.chosen, still.frames) == ("result", 1)


@kinds
def test_formats_that_are_to_be_left_alone_are(kind: str) -> None:
    result = made(f"skp:{kind}/rs:fit:10:10/bl:5", small(kind))

    assert result.chosen == "source"
    assert (pixels(result) == pixels(small(kind))).all()
    assert (result.width, result.height) == opened(small(kind)).size


def test_leaving_alone_gives_way_to_another_format_that_is_asked_for() -> None:
    result = made("skp:jpeg/rs:fit:10:10@png", small("jpeg"))

    assert (result.media_type, result.width) == ("image/png", 10)


@pytest.mark.parametrize("kind", ["avif", "tiff"])
def test_what_cannot_be_cleaned_is_left_alone_by_encoding_it_as_it_is(kind: str) -> None:
    source = saved(with_opacity(gradient(40, 30)), kind)

    result = made(f"skp:{kind}/rs:fit:10:10/bl:5", source)

    assert (result.media_type, result.width, result.height) == (f"image/{kind}", 40, 30)
    assert np.abs(pixels(result) - pixels(source)).mean() < 6


@pytest.mark.parametrize("url", ["skp:svg", "skp:svg@svg", "raw:1", "@svg", "q:1"])
def test_the_text_of_a_drawing_never_goes_out(url: str) -> None:
    try:
        result = made(url, DRAWING)
    except (UnsupportedOutput, UnsupportedSource):
        return
    assert result.media_type == "image/png"


@kinds
@pytest.mark.parametrize("more", [b"", b"what follows the picture"])
def test_raw_is_the_source_to_the_byte(kind: str, more: bytes) -> None:
    data = small(kind) + more

    result = made("raw:1", data)

    assert (result.data, result.chosen) == (data, "source")


def test_raw_junk_is_refused() -> None:
    with pytest.raises(UnsupportedSource):
        run(planned("raw:1"), b"<html>no picture</html>", limits=Limits())
