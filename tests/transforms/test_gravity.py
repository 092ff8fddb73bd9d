from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.imgproxy_spec import position
from transforms.gravity import COMPASS, Gravity
from transforms.turn import UPRIGHT, Turn

TURNS = [Turn.of_exif(orientation) for orientation in range(1, 9)]

offsets = st.one_of(st.just(0.0), st.floats(-0.99, 0.99), st.integers(-300, 300).map(float))
compass = st.builds(Gravity, st.sampled_from(COMPASS), offsets, offsets)
focal = st.builds(Gravity, st.just("fp"), st.floats(0, 1), st.floats(0, 1))
sides = st.integers(1, 400)
boxes = st.tuples(sides, sides)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["ce"], (4, 4)),
        (["no"], (4, 0)),
        (["so"], (4, 8)),
        (["we"], (0, 4)),
        (["ea"], (8, 4)),
        (["nowe"], (0, 0)),
        (["noea"], (8, 0)),
        (["sowe"], (0, 8)),
        (["soea"], (8, 8)),
        (["ce", "1", "-2"], (5, 2)),
        (["soea", "1", "2"], (7, 6)),
        (["nowe", "0.1", "0.25"], (1, 2)),
        (["soea", "0.1", "0.25"], (7, 6)),
        (["nowe", "", "3"], (0, 3)),
        (["nowe", "-5", "-5"], (0, 0)),
        (["soea", "-5", "900"], (8, 0)),
        (["fp", "0", "1"], (0, 8)),
        (["fp", "0.5", "0.5"], (4, 4)),
        (["fp", "", "0.75"], (0, 7)),
    ],
)
def test_a_box_of_two_in_one_of_ten_lies_at(words: list[str], place: tuple[int, int]) -> None:
    assert Gravity.read_words(words).place((2, 2), (10, 10)) == place


@pytest.mark.parametrize(("room", "left"), [(8, 4), (9, 5), (10, 6), (11, 6), (12, 6), (1, 1)])
def test_the_centre_rounds_half_to_even(room: int, left: int) -> None:
    assert Gravity().place((7, 7), (7 + room, 7)) == (left, 0)


def test_offsets_in_pixels_grow_with_the_pixel_ratio_but_fractions_do_not() -> None:
    assert Gravity("nowe", 3, 0.1).place((2, 2), (20, 20), scale=2.0) == (6, 2)


def test_ten_thousand_random_places_are_where_the_specification_says() -> None:
    draw, wrong = random.Random(10_000), []

    for _ in range(10_000):
        outer = (draw.randint(1, 500), draw.randint(1, 500))
        inner = (draw.randint(1, outer[0]), draw.randint(1, outer[1]))
        kind = draw.choice((*COMPASS, "fp"))
        if kind == "fp":
            x, y = draw.random(), draw.random()
        else:
            x, y = (draw.choice((0.0, draw.uniform(-1, 1), draw.uniform(-90, 90))) for _ in "xy")
        d = draw.choice((1.0, 2.0, draw.uniform(0.1, 4)))
        expected = position(inner, outer, (kind, x, y), d)
        if Gravity(kind, x, y).place(inner, outer, scale=d) != expected:
            wrong.append((inner, outer, kind, x, y, d, expected))

    assert wrong == []


@given(gravity=compass | focal, inner=boxes, outer=boxes, scale=st.floats(0.1, 10))
def test_a_box_that_fits_never_leaves_the_outer_one(
    gravity: Gravity, inner: tuple[int, int], outer: tuple[int, int], scale: float
) -> None:
    inner = (min(inner[0], outer[0]), min(inner[1], outer[1]))

    left, top = gravity.place(inner, outer, scale=scale)

    assert 0 <= left <= outer[0] - inner[0]
    assert 0 <= top <= outer[1] - inner[1]


@pytest.mark.parametrize("turn", TURNS)
@given(gravity=compass | focal, inner=boxes, outer=boxes)
def test_a_place_taken_before_a_turn_is_the_same_place_after_it(
    turn: Turn, gravity: Gravity, inner: tuple[int, int], outer: tuple[int, int]
) -> None:
    inner = (min(inner[0], outer[0]), min(inner[1], outer[1]))
    stored_inner, stored_outer = turn.swap(*inner), turn.swap(*outer)

    stored = gravity.before(turn).place(stored_inner, stored_outer)

    left, top = seen(turn, stored, stored_inner, stored_outer)
    expected = gravity.place(inner, outer)
    # imgproxy's centre may lie a pixel off, to the right and down: of the one and of the other.
    assert abs(left - expected[0]) <= 2
    assert abs(top - expected[1]) <= 2


def seen(
    turn: Turn, place: tuple[int, int], inner: tuple[int, int], outer: tuple[int, int]
) -> tuple[int, int]:
    """Left and top of a box after the picture around it was turned."""
    a, b, c, d = turn.matrix
    # Twice the distance between the centres, so that it is whole.
    x, y = (2 * at + length - whole for at, length, whole in zip(place, inner, outer, strict=True))
    across, down = a * x + b * y, c * x + d * y
    (width, height), (whole_width, whole_height) = turn.swap(*inner), turn.swap(*outer)
    return (across - width + whole_width) // 2, (down - height + whole_height) // 2


@given(gravity=compass, one=st.sampled_from(TURNS), other=st.sampled_from(TURNS))
def test_turns_are_undone_one_by_one_or_together(gravity: Gravity, one: Turn, other: Turn) -> None:
    assert gravity.before(one.then(other)) == gravity.before(other).before(one)
    assert gravity.before(UPRIGHT) == gravity


@pytest.mark.parametrize(
    ("flip", "before", "after"),
    [
        (Turn(0, True), Gravity("ea", 5, 7), Gravity("we", 5, 7)),
        (Turn(0, True), Gravity("no", 5, 7), Gravity("no", -5, 7)),
        (Turn(0, True), Gravity("fp", 0.25, 0.75), Gravity("fp", 0.75, 0.75)),
        (Turn(2, True), Gravity("so", 5, 7), Gravity("no", 5, 7)),
        (Turn(2, True), Gravity("ce", 5, 7), Gravity("ce", 5, -7)),
        (Turn(1), Gravity("noea", 5, 7), Gravity("nowe", 7, 5)),
        (Turn(2), Gravity("soea", 5, 7), Gravity("nowe", 5, 7)),
        (Turn(3), Gravity("no", 5, 7), Gravity("ea", 7, 5)),
        (Turn(1), Gravity("sm"), Gravity("sm")),
    ],
)
def test_a_place_is_said_of_the_picture_as_it_was(
    flip: Turn, before: Gravity, after: Gravity
) -> None:
    assert before.before(flip) == after


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["xx"], None),
        ([""], None),
        (["CE"], None),
        (["sm", "1"], "sm takes no offsets"),
        (["sm", ""], "sm takes no offsets"),
        (["fp"], "exactly two"),
        (["fp", "0.5"], "exactly two"),
        (["fp", "1.1", "0"], "not in 0..1"),
        (["fp", "-0.1", "0"], "not in 0..1"),
        (["ce", "nan"], "not a number"),
        (["ce", "1e400"], "too large"),
        (["ce", "0", "2e6"], "not in -1e"),
    ],
)
def test_what_is_no_gravity_is_refused(words: list[str], reason: str | None) -> None:
    with pytest.raises(ValueError, match=reason):
        Gravity.read_words(words)


@pytest.mark.parametrize(
    ("kind", "x", "y"),
    [("xx", 0, 0), ("fp", 2, 0), ("sm", 1, 0), ("ce", float("nan"), 0), ("ce", 0, float("inf"))],
)
def test_constructors_refuse_the_same(kind: str, x: float, y: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any reason will do)
        Gravity(kind, x, y)


@given(gravity=compass | focal | st.just(Gravity("sm")))
def test_what_is_written_reads_back(gravity: Gravity) -> None:
    assert Gravity.read_words(str(gravity).split(":")) == gravity


def test_equal_places_are_written_alike() -> None:
    assert str(Gravity("ce", -0.0, 0)) == str(Gravity()) == "ce"
    assert str(Gravity("no", 5, 0)) == str(Gravity("no", 5.0, 0.0)) == "no:5.0:0.0"
