from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pytest

import transforms.dialects.imgproxy  # noqa: F401  (fills the registry)
from transforms import terms as module
from transforms.errors import PlanError
from transforms.grammar import Range
from transforms.terms import Spelling, Terms, lookup, read_canonical, shown, terms


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered here is gone afterwards."""
    monkeypatch.setattr(module, "TERMS", dict(module.TERMS))
    monkeypatch.setattr(module, "_WORDS", dict(module._WORDS))


def haze() -> type[Terms]:
    @terms(
        "haze",
        Spelling("test", ("haze", "hz"), ("density", "note")),
        Spelling("test", ("note",), ("note",)),
    )
    class Haze(Terms):
        density: Annotated[float, Range(0, 1)]
        note: str = ""

    return Haze


def test_a_registered_group_is_found_by_each_of_its_words() -> None:
    group = haze()

    assert lookup("test", "haze") == lookup("test", "hz") == (group, group.spellings[0])
    assert lookup("test", "note") == (group, group.spellings[1])


@pytest.mark.parametrize(("dialect", "word"), [("imgproxy", "haze"), ("test", "fog"), ("", "")])
def test_a_word_belongs_to_its_dialect(dialect: str, word: str) -> None:
    haze()

    assert lookup(dialect, word) is None


def test_a_field_without_a_default_must_be_given() -> None:
    with pytest.raises(PlanError, match=r"haze: density is missing: a number in 0\.\.1"):
        haze().of({"note": "x"})


def test_a_group_is_made_of_its_fields_by_name() -> None:
    made = haze().of({"density": 0.5, "note": "a/b"})

    assert made.canonical() == "haze(density=0.5,note=a%2Fb)"
    assert read_canonical("haze(density=0.5,note=a%2Fb)") == made


def test_two_groups_cannot_share_a_name() -> None:
    haze()

    with pytest.raises(TypeError, match="two groups are named haze"):
        haze()


def test_two_options_of_a_dialect_cannot_share_a_word() -> None:
    haze()

    with pytest.raises(TypeError, match="two options of test are spelled hz"):

        @terms("horizon", Spelling("test", ("hz",), ("height",)))
        class Horizon(Terms):
            height: int = 0


def nothing(words: Sequence[str]) -> dict[str, Sequence[str]]:
    return {}


@pytest.mark.parametrize(
    ("spelling", "skips"),
    [
        (Spelling("test", ("a",), ("one",)), False),
        (Spelling("test", ("a",), ("one", "two")), True),
        (Spelling("test", ("a",), ("one", "two"), blank="refuse"), False),
        (Spelling("test", ("a",), ("one",), blank="skip"), True),
        (Spelling("test", ("a",), arrange=nothing), False),
    ],
)
def test_blank_arguments_are_skipped_where_there_are_several(
    spelling: Spelling, skips: bool
) -> None:
    assert spelling.skips_blanks is skips


def test_errors_name_the_place_what_was_expected_and_what_came() -> None:
    field = haze().grammar["density"]

    assert str(field.fail("hz", "x", "not a number")) == (
        'hz: density: expected a number in 0..1, got "x": not a number'
    )
    assert str(field.fail("density", 2)) == 'density: expected a number in 0..1, got "2"'


def test_errors_repeat_only_the_beginning_of_what_came() -> None:
    assert shown("x" * 60) == "x" * 60
    assert shown("x" * 61) == "x" * 60 + "…"
