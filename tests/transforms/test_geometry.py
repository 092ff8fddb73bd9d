from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.transforms.imgproxy_spec import outcome, random_case
from transforms.canvas import Canvas
from transforms.dialects.imgproxy import Imgproxy
from transforms.geometry import Fit, Frame, cropped, lay_out, least, nearest
from transforms.turn import Turn

DIALECT = Imgproxy()
SIDES = st.integers(1, 5000)


def size_of(options: str, canvas: Canvas | None = None) -> tuple[int, int]:
    plan = DIALECT.parse(f"/{options}/plain/local:///any".encode())
    return plan.size(canvas or Canvas(200, 100)).size


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("rs:fit:50:50", (50, 25)),
        ("rs:fit:300:300", (200, 100)),
        ("rs:fit:300:300/el:1", (300, 150)),
        ("rs:fit:300:300/ex:1", (300, 300)),
        ("rs:fit:300:300/exar:1", (200, 200)),
        ("rs:fill:300:50", (200, 50)),
        ("rs:fill-down:300:125", (200, 83)),
        ("rs:fill-down:250:300", (83, 100)),
        ("rs:fill:26:100/dpr:2", (26, 100)),
        ("rs:fit:0:200/ex:1", (200, 200)),
    ],
)
def test_the_specifications_examples_come_out_to_the_pixel(
    options: str, size: tuple[int, int]
) -> None:
    assert size_of(options) == size


@pytest.mark.parametrize(
    ("options", "size"),
    [
        pytest.param("w:100", (100, 50), id="one side: the other follows"),
        pytest.param("h:50", (100, 50), id="the other side"),
        pytest.param("rs:fill:50:50", (50, 50), id="fill covers and is cut"),
        pytest.param("rs:fill:300:300", (200, 100), id="fill does not enlarge"),
        pytest.param("rs:fill:300:300/el:1", (300, 300), id="fill enlarges if it may"),
        pytest.param("rs:fill:300:300/ex:1", (300, 300), id="fill extends instead"),
        pytest.param("rs:fill-down:50:50", (50, 50), id="fill-down as fill where there is enough"),
        pytest.param("rs:fill-down:400:400", (100, 100), id="fill-down keeps the ratio"),
        pytest.param("rs:fill-down:400:400/el:1", (400, 400), id="fill-down enlarges if it may"),
        pytest.param("rs:force:50:80", (50, 80), id="force distorts"),
        pytest.param("rs:force:50:0", (50, 100), id="force with a width alone keeps the height"),
        pytest.param("rs:force:0:50", (200, 50), id="force with a height alone keeps the width"),
        pytest.param("rs:force:400:50", (200, 25), id="force keeps within the source"),
        pytest.param("rs:force:400:50/el:1", (400, 50), id="force enlarges if it may"),
        pytest.param(
            "rs:auto:100:80", (100, 80), id="auto fills where the orientation is the same"
        ),
        pytest.param("rs:auto:80:100", (80, 40), id="auto fits where it differs"),
        pytest.param("rs:auto:0:50", (100, 50), id="auto with one side"),
        pytest.param("w:50/mw:80", (50, 40), id="a least width is cut to the width"),
        pytest.param("w:50/mh:60", (50, 60), id="a least height lets the other side overflow"),
        pytest.param("mw:300", (300, 150), id="a least width enlarges"),
        pytest.param("mw:300/mh:200", (400, 200), id="the larger of both least sides rules"),
        pytest.param("z:0.5", (100, 50), id="zoom alone"),
        pytest.param("z:0.5:0.25", (100, 25), id="zoom per axis"),
        pytest.param("w:100/z:1.5", (150, 75), id="zoom on top of a size"),
        pytest.param("z:3", (200, 100), id="zoom does not enlarge"),
        pytest.param("z:3/el:1", (600, 300), id="zoom enlarges if it may"),
        pytest.param("w:80/dpr:2", (160, 80), id="dpr multiplies"),
        pytest.param("w:80/dpr:5", (200, 100), id="dpr stops at the source"),
        pytest.param("w:80/dpr:5/el:1", (400, 200), id="dpr goes on if it may enlarge"),
        pytest.param("rs:fit:80:80/dpr:5/ex:1", (200, 200), id="dpr reached, then extended"),
        pytest.param("w:100/pd:10/dpr:2", (240, 140), id="padding grows with dpr"),
        pytest.param("w:100/pd:10/dpr:4", (240, 140), id="padding grows as far as dpr was reached"),
        pytest.param("pd:5:10:15:20", (230, 120), id="padding alone"),
        pytest.param("pd:5/dpr:2", (210, 110), id="no room to grow: dpr stays 1"),
        pytest.param("c:100:50/w:50", (50, 25), id="crop comes before resizing"),
        pytest.param("c:0.5:0.5", (100, 50), id="crop by fractions"),
        pytest.param("c:1:1", (1, 1), id="one is a pixel"),
        pytest.param("c:0.001:0", (1, 100), id="never less than a pixel"),
        pytest.param("c:1.9:500.9", (1, 100), id="whole pixels, as far as there are some"),
        pytest.param("c:50:50/w:100", (50, 50), id="crop leaves less to enlarge from"),
        pytest.param("rot:90", (100, 200), id="a quarter turn"),
        pytest.param("rot:90/w:50", (50, 100), id="sizes are said of the turned picture"),
        pytest.param("rot:-90/c:100:50", (100, 50), id="crops too"),
        pytest.param("w:1", (1, 1), id="half a pixel is one"),
        pytest.param("rs:force:1:1", (1, 1), id="as small as can be"),
        pytest.param("car:1", (100, 100), id="a ratio cuts the longer side"),
        pytest.param("c:50:80/car:1", (50, 50), id="a ratio of a crop"),
        pytest.param("c:50:80/car:1:1", (80, 80), id="a ratio grows the crop"),
        pytest.param("c:50:80/car:2:1", (160, 80), id="a ratio grows the crop in its width"),
        pytest.param("c:100:80/car:0.5:1", (50, 100), id="a ratio grows as far as the picture"),
        pytest.param("rs:fit:150:150/exar:1/pd:10", (170, 170), id="padding after extending"),
        pytest.param("w:100/-/w:50/-/pd:5", (60, 35), id="pipelines run one after the other"),
        pytest.param("w:80/dpr:2/-/pd:10", (180, 100), id="dpr does not reach the next pipeline"),
        pytest.param("rs:fit:50:50/-/ex:1", (50, 25), id="nor does the size to extend to"),
        pytest.param("rs:fit:50:50/-/rot:90/exar:1", (25, 50), id="nor its ratio"),
    ],
)
def test_a_picture_of_200_by_100_becomes(options: str, size: tuple[int, int]) -> None:
    assert size_of(options) == size


def test_drawings_are_enlarged_without_asking() -> None:
    assert size_of("w:500", Canvas(200, 100, vector=True)) == (500, 250)
    assert size_of("w:500/dpr:2", Canvas(200, 100, vector=True)) == (1000, 500)


@pytest.mark.parametrize(
    ("options", "size"),
    [("w:50", (50, 100)), ("ar:0/w:50", (50, 25)), ("rot:90", (200, 100)), ("ar:0", (200, 100))],
)
def test_a_picture_stored_on_its_side_is_measured_as_it_is_seen(
    options: str, size: tuple[int, int]
) -> None:
    assert size_of(options, Canvas(100, 200, turn=Turn.of_exif(6))) == size


@pytest.mark.parametrize(
    ("options", "limit", "size"),
    [
        ("rs:fit:100:100/pd:100:200:300:400", 200, (200, 129)),
        ("rot:90/rs:fill:100:150", 100, (67, 100)),
        ("w:100", 500, (100, 50)),
        ("rs:force:100:2", 1, (1, 1)),
    ],
)
def test_a_limit_on_the_results_side_shrinks_everything(
    options: str, limit: int, size: tuple[int, int]
) -> None:
    squeeze = limit / max(size_of(options))

    assert size_of(options, Canvas(200, 100, squeeze=squeeze)) == size


def test_twenty_thousand_random_requests_come_out_as_the_specification_says() -> None:
    draw, wrong = random.Random(20_000), []

    for _ in range(20_000):
        stored, exif, vector, asked = random_case(draw)
        turn = Turn.of_exif(exif)
        expected = outcome(stored, turn.swaps_axes, asked, vector=vector)
        width, height = turn.swap(*stored)
        canvas = Canvas(width, height, vector=vector, turn=turn, squeeze=expected.q)
        if size_of(asked.url, canvas) != expected.size:
            wrong.append((stored, exif, asked, expected, size_of(asked.url, canvas)))

    assert wrong == []


@given(width=SIDES, height=SIDES, to_width=SIDES, to_height=SIDES, enlarge=st.booleans())
def test_fit_stays_inside_the_box_and_touches_it_or_the_source(
    width: int, height: int, to_width: int, to_height: int, enlarge: bool
) -> None:
    got = lay_out(Frame(Fit.FIT, to_width, to_height, enlarge=enlarge), width, height).cut

    assert got[0] <= to_width
    assert got[1] <= to_height
    assert got == (width, height) or got[0] == to_width or got[1] == to_height


@given(width=SIDES, height=SIDES, to_width=SIDES, to_height=SIDES)
def test_fill_gives_the_target_exactly_where_the_source_is_large_enough(
    width: int, height: int, to_width: int, to_height: int
) -> None:
    frame = Frame(Fit.FILL, to_width, to_height)

    got = lay_out(frame, width, height)

    assert got.cut == (min(width, to_width), min(height, to_height))
    assert lay_out(replace(frame, enlarge=True), width, height).cut == (to_width, to_height)


frames = st.builds(
    Frame,
    fit=st.sampled_from(Fit),
    width=st.integers(0, 6000),
    height=st.integers(0, 6000),
    zoom_x=st.floats(0.01, 100),
    zoom_y=st.floats(0.01, 100),
    dpr=st.floats(0.01, 100),
    extend=st.booleans(),
    extend_ratio=st.booleans(),
)


@given(frame=frames, width=SIDES, height=SIDES)
def test_nothing_is_scaled_up_unless_it_may_be(frame: Frame, width: int, height: int) -> None:
    layout = lay_out(frame, width, height)

    assert layout.scaled[0] <= width
    assert layout.scaled[1] <= height


@given(
    frame=frames,
    least_sides=st.tuples(st.integers(0, 6000), st.integers(0, 6000)),
    enlarge=st.booleans(),
    width=SIDES,
    height=SIDES,
    squeeze=st.floats(1e-4, 1),
)
def test_no_side_is_ever_less_than_a_pixel(
    frame: Frame,
    least_sides: tuple[int, int],
    enlarge: bool,
    width: int,
    height: int,
    squeeze: float,
) -> None:
    min_width, min_height = least_sides
    frame = replace(frame, min_width=min_width, min_height=min_height, enlarge=enlarge)

    layout = lay_out(frame, width, height, squeeze=squeeze)

    assert min(*layout.scaled, *layout.cut) >= 1


@given(width=SIDES, height=SIDES, to_width=SIDES, to_height=SIDES, fit=st.sampled_from(Fit))
def test_extending_gives_exactly_the_target(
    width: int, height: int, to_width: int, to_height: int, fit: Fit
) -> None:
    assume(fit is not Fit.FORCE)

    got = size_of(f"rs:{fit}:{to_width}:{to_height}/ex:1", Canvas(width, height))

    assert got == (to_width, to_height)


@given(width=SIDES, height=SIDES, to_width=SIDES, to_height=SIDES)
def test_extending_to_a_ratio_reaches_it_within_a_pixel(
    width: int, height: int, to_width: int, to_height: int
) -> None:
    got_width, got_height = size_of(f"rs:fit:{to_width}:{to_height}/exar:1", Canvas(width, height))

    assert abs(got_width * to_height - got_height * to_width) <= max(to_width, to_height)


@given(width=SIDES, height=SIDES, ratio=st.floats(0.01, 100), grow=st.booleans())
def test_a_crop_to_a_ratio_stays_inside_the_picture(
    width: int, height: int, ratio: float, grow: bool
) -> None:
    got_width, got_height = size_of(f"c:0.4:0.4/car:{ratio!r}:{grow:d}", Canvas(width, height))

    assert 1 <= got_width <= width
    assert 1 <= got_height <= height


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.0, 0), (0.5, 1), (1.5, 2), (2.5, 3), (0.49999999999999994, 0), (2.4999, 2), (1e15, 10**15)],
)
def test_lengths_are_rounded_half_up(value: float, rounded: int) -> None:
    assert nearest(value) == rounded


def test_a_free_length_gives_way() -> None:
    assert (least(0, 5), least(5, 0), least(5, 3), least(0, 0)) == (5, 5, 3, 0)


def test_a_crop_takes_what_there_is() -> None:
    assert [cropped(100, by) for by in (0, 0.5, 1, 50.9, 500)] == [100, 50, 1, 50, 100]
