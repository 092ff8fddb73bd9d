"""Pointers as JSON, which others may have written."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.pointer import Pointer, from_json, to_json

FIELDS = {
    "validator": '"e1"',
    "size": 1234,
    "modified": 1.5,
    "cache_control": "no-cache",
    "checked": 2.5,
}
NUMBERS = st.floats(-(2**62), 2**62)
POINTERS = st.builds(
    Pointer,
    st.none() | st.text(),
    st.none() | st.integers(0, 2**62),
    st.none() | NUMBERS,
    st.none() | st.text(),
    NUMBERS,
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children) | st.dictionaries(st.sampled_from([*FIELDS]), children),
)


@given(POINTERS)
def test_a_pointer_comes_back(pointer: Pointer) -> None:
    text = to_json(pointer)

    assert from_json(text) == from_json(text.encode()) == pointer
    assert "\n" not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"validator": 1},
        {"size": 1.5},
        {"size": True},
        {"size": "1"},
        {"modified": float("nan")},
        {"cache_control": ["no-cache"]},
        {"checked": None},
        {"checked": float("inf")},
        {"checked": "now"},
        {"checked": 10**400},
        {"more": 1},
    ],
)
def test_fields_of_another_kind_are_refused(changes: dict[str, Any]) -> None:
    assert from_json(json.dumps(FIELDS)) == Pointer(**FIELDS)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="expected"):
        from_json(json.dumps(FIELDS | changes))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "{}", b"\xff\xfe\x00", "[" * 100_000])
def test_what_is_no_pointer_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)


@given(st.binary() | st.text() | JUNK.map(json.dumps))
def test_junk_is_refused_and_nothing_else_happens(text: str | bytes) -> None:
    with suppress(ValueError):
        from_json(text)
