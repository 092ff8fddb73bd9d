from __future__ import annotations

import itertools

import pytest

from transforms.turn import MIRROR_X, MIRROR_Y, UPRIGHT, Turn

TURNS = [Turn.of_exif(orientation) for orientation in range(1, 9)]

# What EXIF's standard says of each orientation: which stored pixel is shown top left, top right
# and bottom left. Stored corners are named like points of the compass.
CORNERS = {
    1: ("nw", "ne", "sw"),
    2: ("ne", "nw", "se"),
    3: ("se", "sw", "ne"),
    4: ("sw", "se", "nw"),
    5: ("nw", "sw", "ne"),
    6: ("sw", "nw", "se"),
    7: ("se", "ne", "sw"),
    8: ("ne", "se", "nw"),
}
PLACES = {"nw": (-1, -1), "ne": (1, -1), "sw": (-1, 1), "se": (1, 1)}


def shown(turn: Turn, x: int, y: int) -> tuple[int, int]:
    """Where a displacement from the centre of the stored picture is seen."""
    a, b, c, d = turn.matrix
    return a * x + b * y, c * x + d * y


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_show_the_corners_where_the_standard_puts_them(orientation: int) -> None:
    turn = Turn.of_exif(orientation)

    seen = [shown(turn, *PLACES[corner]) for corner in CORNERS[orientation]]

    assert seen == [PLACES["nw"], PLACES["ne"], PLACES["sw"]]


@pytest.mark.parametrize("orientation", [0, 9, -1, 65535])
def test_an_unknown_orientation_turns_nothing(orientation: int) -> None:
    assert Turn.of_exif(orientation) == UPRIGHT


def test_the_eight_orientations_are_the_eight_turns() -> None:
    assert len(set(TURNS)) == 8


@pytest.mark.parametrize(("one", "other"), list(itertools.product(TURNS, TURNS)))
def test_one_turn_after_another_is_a_turn_that_shows_the_same(one: Turn, other: Turn) -> None:
    both = one.then(other)

    assert both in TURNS
    for x, y in [(1, 0), (0, 1), (3, -2)]:
        assert shown(both, x, y) == shown(other, *shown(one, x, y))


@pytest.mark.parametrize("turn", TURNS)
def test_every_turn_can_be_undone(turn: Turn) -> None:
    undone = [other for other in TURNS if turn.then(other) == UPRIGHT]

    assert len(undone) == 1
    assert undone[0].then(turn) == UPRIGHT
    assert turn.then(UPRIGHT) == UPRIGHT.then(turn) == turn


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_swaps_width_and_height_if_it_lays_the_picture_on_its_side(turn: Turn) -> None:
    wide = abs(shown(turn, 2, 1)[0]) == 2

    assert turn.swaps_axes is not wide
    assert turn.swap(300, 200) == ((300, 200) if wide else (200, 300))


def test_mirrorings_exchange_sides() -> None:
    assert shown(MIRROR_X, 1, 2) == (-1, 2)
    assert shown(MIRROR_Y, 1, 2) == (1, -2)
