"""Sizes to the pixel, decoding no more than needed, and only errors that say whose they are."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pictures import (
    BLUE,
    GREEN,
    RED,
    close,
    made,
    opened,
    pixels,
    planned,
    quadrants,
    saved,
    scene,
    sheet,
)
from tests.transforms.colours import difference
from transforms.decode import open_source
from transforms.encode import Encoded
from transforms.errors import BrokenSource, EngineError, PlanError
from transforms.limits import Limits
from transforms.output import Input
from transforms.pipeline import is_ours, run

FITS = ("fit", "fill", "fill-down", "force", "auto")


@functools.cache
def photograph(kind: str, width: int = 1200, height: int = 900) -> bytes:
    options = {"lossless": False} if kind == "webp" else {}
    return saved(scene(width, height), kind, quality=90, **options)


@functools.cache
def decoded(kind: str) -> bytes:
    """The same pixels in a format that is always decoded whole."""
    return saved(opened(photograph(kind)))


def drawing(attributes: str, body: str = "") -> bytes:
    half = '<rect width="50%" height="100%" fill="#f00"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{body or half}</svg>'
    return svg.encode()


def size(result: Encoded) -> tuple[int, int]:
    assert opened(result).size == (result.width, result.height)
    return result.width, result.height


sides = st.integers(1, 90)


@given(
    fit=st.sampled_from(FITS),
    source=st.tuples(sides, sides),
    target=st.tuples(st.integers(0, 120), st.integers(0, 120)),
    more=st.sampled_from(
        ["", "/el:1", "/dpr:2", "/ex:1", "/exar:1", "/rot:90", "/z:0.3", "/mw:50"]
    ),
    kind=st.sampled_from(["jpeg", "png"]),
)
@settings(max_examples=300, deadline=None)
def test_results_have_the_predicted_size(
    fit: str, source: tuple[int, int], target: tuple[int, int], more: str, kind: str
) -> None:
    data = saved(sheet(*source, RED), kind)
    url = f"rs:{fit}:{target[0]}:{target[1]}{more}"

    result = made(f"{url}@png", data)

    canvas = open_source(data, Input(), limits=Limits()).canvas
    assert size(result) == planned(url).size(canvas).size


@given(
    fit=st.sampled_from(FITS),
    target=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    crop=st.sampled_from(["", "c:0.5:0.3:nowe/", "c:777:333:soea:5:9/", "c:100:899:fp:0.9:0.1/"]),
    kind=st.sampled_from(["jpeg", "webp"]),
)
@settings(max_examples=60, deadline=None)
def test_pictures_decoded_smaller_have_the_predicted_size(
    fit: str, target: tuple[int, int], crop: str, kind: str
) -> None:
    url = f"{crop}rs:{fit}:{target[0]}:{target[1]}"

    result = made(f"{url}@jpeg", photograph(kind))

    canvas = open_source(photograph(kind), Input(), limits=Limits()).canvas
    assert size(result) == planned(url).size(canvas).size


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
@pytest.mark.parametrize(
    "url",
    ["rs:fit:600:600", "rs:fit:459:459", "rs:fit:300:300", "rs:fit:111:111", "rs:fill:100:100",
     "rs:fit:1100:1100", "c:0.5:0.5:nowe/rs:fit:90:90", "c:333:211:soea:17:19/rs:fill:40:60"],
)  # fmt: skip
def test_decoding_smaller_looks_like_decoding_whole(kind: str, url: str) -> None:
    smaller = opened(made(f"{url}@png", photograph(kind)))
    whole = opened(made(f"{url}@png", decoded(kind)))

    delta = difference(smaller, whole)
    assert delta.median < 0.8
    assert delta.p95 < 2.5
    assert delta.most < 12


@pytest.mark.parametrize(
    "options", ["rs:fit:99:99", "rs:fill:99:99", "dpr:3", "w:500", "rs:auto:99:9"]
)
def test_nothing_is_enlarged_unless_asked(options: str) -> None:
    small = saved(sheet(40, 30, RED))

    as_is, larger = made(f"{options}@png", small), made(f"{options}/el:1@png", small)

    assert as_is.width <= 40
    assert as_is.height <= 30
    assert max(larger.width, larger.height) > 40


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("most", [2000, 4000, 8000, 100_000])
def test_quality_falls_until_the_result_is_small_enough(kind: str, most: int) -> None:
    source = saved(scene(200, 150))
    best = len(made(f"bl:0.3/q:95@{kind}", source).data)
    worst = len(made(f"bl:0.3/q:1@{kind}", source).data)

    result = made(f"bl:0.3/q:95/mb:{most}@{kind}", source)

    assert len(result.data) <= max(most, worst * 1.5)
    assert (len(result.data) == best) == (best <= most)


def test_a_format_without_quality_is_as_large_as_it_is() -> None:
    source = saved(scene(99, 99))

    limited, free = made("bl:1/mb:100@png", source), made("bl:1@png", source)

    assert limited.data == free.data


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('width="120" height="50"', (120, 50)),
        ('width="1in" height="0.5in"', (96, 48)),
        ('width="72pt" height="36pt"', (96, 48)),
        ('width="25.4mm" height="2.54cm"', (96, 96)),
        ('viewBox="0 0 30 20"', (30, 20)),
        ('width="100%" height="100%" viewBox="0 0 30 20"', (30, 20)),
        ('width="60" viewBox="0 0 30 20"', (60, 40)),
    ],
)
def test_drawings_have_the_size_that_browsers_give_them(
    attributes: str, expected: tuple[int, int]
) -> None:
    assert size(made("bl:0@png", drawing(attributes))) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("rs:fit:400:400", (400, 200)),
        ("rs:fill:300:300", (300, 300)),
        ("rs:fit:30:30", (30, 15)),
        ("rs:force:70:90", (70, 90)),
        ("c:20:20:nowe/rs:fit:500:500", (500, 500)),
        ("rot:90/rs:fit:400:400", (200, 400)),
    ],
)
def test_drawings_are_drawn_sharp_at_any_size(options: str, expected: tuple[int, int]) -> None:
    blue = '<rect width="40" height="20" fill="#00f"/><rect width="10" height="20" fill="#f00"/>'

    result = made(f"{options}@png", drawing('width="40" height="20"', blue))

    rows = pixels(result)
    assert size(result) == expected
    between = (rows[..., 0] > 20) & (rows[..., 0] < 235)
    # The edge is at most a few pixels wide, however large it is drawn.
    assert between.sum() <= 4 * max(expected)


def test_a_drawing_without_an_area_is_broken() -> None:
    with pytest.raises(BrokenSource, match="bad dimensions"):
        made("bl:0@png", drawing('width="0" height="10"'))


def test_a_drawing_reads_no_files_and_runs_nothing() -> None:
    body = (
        '<image href="file:///etc/passwd" width="9" height="9"/>'
        '<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>'
        "<script>document.documentElement.setAttribute('width', 99)</script>"
        '<rect width="20" height="20" fill="#0f0"/>'
    )

    result = made("bl:0@png", drawing('width="20" height="20"', body))

    assert (pixels(result) == GREEN).all()


def test_chained_pipelines_run_on_each_others_results() -> None:
    source = saved(quadrants(80, 60))

    result = made("c:40:30:nowe/-/pd:10/bg:00f/-/rs:force:30:50@png", source)

    rows = pixels(result)
    assert size(result) == (30, 50)
    assert close(rows[2, 2], BLUE)
    assert close(rows[25, 15], RED)


def test_a_ratio_of_device_pixels_ends_with_its_pipeline() -> None:
    source = saved(sheet(100, 100, RED))

    result = made("rs:fit:20:20/dpr:2/-/pd:10@png", source)

    assert size(result) == (60, 60)


@pytest.mark.parametrize("gravity", ["sm", "ce", "nowe", "fp:0.2:0.9"])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_every_kind_can_be_cropped_turned_and_trimmed_at_once(kind: str, gravity: str) -> None:
    picture = np.pad(scene(120, 90), ((9, 9), (9, 9), (0, 0)), constant_values=255)
    url = f"t:30/c:80:50:{gravity}/rs:fill:33:44/g:{gravity}/rot:270/fl:1/pix:3/bl:0.5"

    result = made(f"{url}@webp", saved(picture, kind))

    assert size(result) == (33, 44)


def test_smart_gravity_finds_what_stands_out() -> None:
    picture = sheet(300, 100, (128, 128, 128))
    picture[30:70, 220:260] = scene(40, 40)

    result = pixels(made("rs:fill:100:100/g:sm@png", saved(picture)))

    assert np.ptp(result) > 100


@pytest.mark.parametrize(
    ("complaint", "ours"),
    [
        ("VipsJpeg: premature end of JPEG image", False),
        ("vipspng: libpng read error vips2png: unable to write to target target", False),
        ("gifload_buffer: Unexpected end of GIF webpsave_buffer: unable", False),
        ("svgload_buffer: SVG rendering failed", False),
        ("colourspace: no known route from 'fourier' to 'srgb'", False),
        ("webpsave_buffer: image too large", True),
        ("extract_area: bad extract area", True),
        ("uhdrsave_target: operation is blocked", True),
    ],
)
def test_an_error_is_ours_or_the_sources(complaint: str, ours: bool) -> None:
    assert is_ours(complaint) == ours


def test_all_errors_come_as_what_they_are() -> None:
    with pytest.raises(BrokenSource, match="could not be decoded"):
        made("bl:1@webp", photograph("jpeg")[:5000])
    with pytest.raises(EngineError, match="was not given"):
        made("wmu:bm9uZQ/wm:1@png", saved(sheet(9, 9, RED)))
    with pytest.raises(PlanError):
        run(planned("bl:-1"), b"", limits=Limits())
