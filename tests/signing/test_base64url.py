from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.base64url import decode, encode
from signing.errors import MalformedSignature


@given(st.binary(max_size=100))
def test_what_is_encoded_decodes_to_itself(raw: bytes) -> None:
    assert decode(encode(raw)) == raw


@given(st.one_of(st.binary(max_size=50), st.from_regex(rb"\A[A-Za-z0-9_-]*\Z")))
def test_a_byte_string_has_one_spelling(text: bytes) -> None:
    try:
        raw = decode(text)
    except MalformedSignature:
        return

    assert encode(raw) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"oWaL7QoW5Ts=", "padding"),
        (b"oWaL7QoW5Ts%3D", "padding"),
        (b"oWaL=7QoW5Ts", "padding"),
        (b"+WaL7QoW5Ts", "standard alphabet"),
        (b"oWaL7/oW5Ts", "standard alphabet"),
        (b"oWaL 7QoW5Ts", "outside"),
        (b"oWaL7QoW5Ts\n", "outside"),
        (b"oWaL\xff7QoW5Ts", "outside"),
        (b"oWaL7QoW5Tt", "last character"),
        (b"oWaL7QoW5TsAA", "13 characters"),
    ],
)
def test_other_spellings_are_refused_with_what_came(text: bytes, complaint: str) -> None:
    with pytest.raises(MalformedSignature, match=complaint):
        decode(text)
