from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.colour import Colour
from transforms.formats import Format, Qualities
from transforms.geometry import Fit
from transforms.grammar import Follows, Multiple, Named, OneOf, Range, Without
from transforms.gravity import Gravity
from transforms.kinds import at_most, kind_of, read_bool, read_text
from transforms.numbers import read_number, read_whole, within

TURNS = Annotated[int, Multiple(90), Range(-360, 360)]
ANGLE = Annotated[float, Range(-360, 360), Named({"down": 0.0, "left": 90.0})]
FACTOR = Annotated[float, Range(0, 100, above=True)]
POSITION = Annotated[str, OneOf(("ce", "re"))]
PLACE = Annotated[Gravity, Without("sm")]


def read(annotation: object, *words: str) -> Any:
    kind, _ = kind_of(annotation)
    value, _ = kind.read(words)
    return kind.check(value)


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (int, "0", 0),
        (int, "+5", 5),
        (int, "007", 7),
        (int, "-0", 0),
        (TURNS, "-90", -90),
        (float, "2", 2.0),
        (float, ".5", 0.5),
        (float, "5.", 5.0),
        (float, "1e2", 100.0),
        (float, "1E-2", 0.01),
        (float, "1e-999", 0.0),
        (float, "-0", 0.0),
        (ANGLE, "left", 90.0),
        (ANGLE, "-45", -45.0),
        (bool, "t", True),
        (bool, "False", False),
        (str, "a%2Fb", "a%2Fb"),
        (POSITION, "re", "re"),
        (Fit, "fill-down", Fit.FILL_DOWN),
        (Format, "jpg", Format.JPEG),
        (Colour, "f00", Colour(255, 0, 0)),
        (Colour | None, "f00", Colour(255, 0, 0)),
        (float | None, "2", 2.0),
    ],
)
def test_a_word_is_read_by_its_fields_type(annotation: object, word: str, value: object) -> None:
    got = read(annotation, word)

    assert got == value
    assert type(got) is type(value)
    assert not str(got).startswith("-0")


@pytest.mark.parametrize("word", ["", " 1", "1 ", "1\n", "--1", "1_0", "٣", "\uff11", "0x1", "1,5"])
@pytest.mark.parametrize("annotation", [int, float, TURNS, ANGLE, bool, Fit, POSITION])
def test_what_only_looks_like_a_number_is_none(annotation: object, word: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the field says what it expects)
        read(annotation, word)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, ["1.0", "1e1", "-1", "1000001", "9" * 21, "9" * 5000]),
        (TURNS, ["1", "45", "450"]),
        (
            float,
            ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e", ".", "e5", "-1"],
        ),
        (float, ["1" * 41, "0." + "0" * 5000]),
        (ANGLE, ["up", "Left", "361"]),
        (FACTOR, ["0", "-1", "100.1", "1e-400"]),
        (bool, ["yes", "no", "on", "TRue", "2", "01"]),
        (Fit, ["FIT", "fill_down", "fit "]),
        (Format, ["JPEG", "best", "pdf", "mp4"]),
        (POSITION, ["CE", "no", "ce,re"]),
        (Colour, ["#fff", "ff"]),
        (PLACE, ["sm"]),
    ],
)
def test_values_out_of_bounds_are_refused(annotation: object, words: list[str]) -> None:
    for word in words:
        with pytest.raises(ValueError):  # noqa: PT011  (the field says what it expects)
            read(annotation, word)


@pytest.mark.parametrize(
    ("annotation", "expects"),
    [
        (int, "a whole number in 0..1000000"),
        (TURNS, "a multiple of 90 in -360..360"),
        (ANGLE, "a number in -360..360, or down, left"),
        (FACTOR, "a number above 0 and up to 100"),
        (Annotated[float, Range(0.1, 2)], "a number in 0.1..2"),
        (bool, "1, t, true, 0, f or false"),
        (POSITION, "one of ce, re"),
        (Fit, "one of fit, fill, fill-down, force, auto"),
        (tuple[Fit, ...], "a list, each one of fit, fill, fill-down, force, auto"),
        (Colour | None, "3 or 6 hex digits without #"),
    ],
)
def test_errors_can_say_what_was_expected(annotation: object, expects: str) -> None:
    assert kind_of(annotation)[0].expects == expects


def test_a_place_that_may_not_be_smart_says_so() -> None:
    assert kind_of(PLACE)[0].expects.endswith("(here not sm)")


def test_a_field_names_the_one_that_it_follows() -> None:
    assert kind_of(Annotated[bool, Follows("extend.on")])[1] == Follows("extend.on")
    assert kind_of(bool)[1] is None


def test_lists_keep_their_order_and_are_added_to() -> None:
    kind, _ = kind_of(tuple[Format, ...])
    assert kind.join

    value, used = kind.read(["webp", "jpg"])

    assert (value, used) == ((Format.WEBP, Format.JPEG), 2)
    assert kind.join(value, (Format.PNG,)) == (Format.WEBP, Format.JPEG, Format.PNG)
    assert kind.write(value) == "webp:jpeg"


def test_sets_have_neither_order_nor_repetition() -> None:
    kind, _ = kind_of(frozenset[Format])
    assert kind.join

    value, _ = kind.read(["webp", "jpg", "webp"])

    assert kind.join(value, frozenset({Format.JPEG})) == value
    assert kind.write(value) == "jpeg:webp"


def test_qualities_are_sorted_and_the_later_wins() -> None:
    one, other = (
        Qualities.read_words(words.split(":")) for words in ("webp:1:png:2", "jpeg:3:webp:4")
    )

    assert str(one + other) == "jpeg:3:png:2:webp:4"
    assert (one + other).of(Format.WEBP) == 4
    assert one.of(Format.AVIF) == 0


@pytest.mark.parametrize("words", ["jpeg", "foo:1", "jpeg:101", "jpeg:-1", "jpeg:1.5", "jpeg:"])
def test_qualities_are_pairs_of_a_format_and_a_quality(words: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the field says what it expects)
        Qualities.read_words(words.split(":"))


def test_a_type_without_a_grammar_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="no grammar"):
        kind_of(dict[str, str])


@given(value=st.floats(-1e6, 1e6))
def test_any_number_reads_back_from_how_it_is_written(value: float) -> None:
    assert read_number(repr(value)) == value


@given(word=st.text())
def test_no_text_breaks_the_readers_of_numbers(word: str) -> None:
    for reader in (read_whole, read_number, read_bool):
        try:
            reader(word)
        except ValueError:
            continue


def test_bounds_are_told() -> None:
    assert within(1, 0, 1) == 1.0

    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        within(2, 0, 1)


def test_text_is_percent_decoded_as_utf_8() -> None:
    assert read_text("caf%C3%A9 100%") == "café 100%"

    with pytest.raises(ValueError, match="not UTF-8"):
        read_text("%ff")


def test_too_many_words_are_told() -> None:
    assert at_most(2, ["a", "b"]) == ["a", "b"]

    with pytest.raises(ValueError, match="at most 2"):
        at_most(2, ["a", "b", "c"])
