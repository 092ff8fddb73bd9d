from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.colour import BLACK, WHITE, Colour

channels = st.integers(0, 255)
colours = st.builds(Colour, channels, channels, channels)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("000", BLACK),
        ("fff", WHITE),
        ("FFFFFF", WHITE),
        ("f80", Colour(255, 136, 0)),
        ("0a0B0c", Colour(10, 11, 12)),
    ],
)
def test_colours_are_read_from_three_or_six_hex_digits(text: str, colour: Colour) -> None:
    assert Colour.read(text) == colour


@pytest.mark.parametrize(
    "text", ["", "f", "ffff", "fffffff", "#fff", "ggg", "-ff", "٣٣٣", "fff\n", " fff", "red", "f_f"]
)
def test_anything_else_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the field says what it expects)
        Colour.read(text)


@pytest.mark.parametrize("channel", [-1, 256, 1.5, True, "1"])
def test_channels_are_whole_numbers_in_a_byte(channel: int) -> None:
    with pytest.raises(ValueError, match=r"is not in 0\.\.255"):
        Colour(0, channel, 0)


@given(colour=colours)
def test_what_is_written_reads_back(colour: Colour) -> None:
    assert Colour.read(str(colour)) == colour


def test_luma_runs_from_black_to_white() -> None:
    assert BLACK.luma == 0
    assert WHITE.luma == pytest.approx(255)
    assert Colour(0, 255, 0).luma > Colour(255, 0, 0).luma > Colour(0, 0, 255).luma
