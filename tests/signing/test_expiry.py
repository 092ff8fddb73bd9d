from __future__ import annotations

import pytest
from hypothesis import given

from signing.expiry import expires
from tests.signing import samples


@pytest.mark.parametrize(
    ("rest", "seconds"),
    [
        (b"/w:3/plain/a", None),
        (b"/exp:1700000000/plain/a", 1700000000),
        (b"/w:3/expires:1700000000/aHR0cA", 1700000000),
        (b"/exp:1/w:3/expires:2/plain/a", 2),
        (b"/w:3/-/exp:5/plain/a", 5),
        (b"/exp:5/exp:0/plain/a", None),
        (b"/exp:-5/plain/a", None),
        (b"/w:3/plain/exp:5/a", None),
        (b"/aHR0cA/exp:5", None),
        (b"/expired:5/plain/a", None),
    ],
)
def test_the_last_expiry_before_the_source_counts(rest: bytes, seconds: int | None) -> None:
    assert expires(rest) == seconds


@pytest.mark.parametrize("value", [b"", b"soon", b"1.5", b"1_0", b" 1", b"1:2", b"\xb9"])
def test_anything_but_a_number_is_refused_with_what_came(value: bytes) -> None:
    with pytest.raises(ValueError, match="expected Unix seconds"):
        expires(b"/exp:" + value + b"/plain/a")


@given(samples.rests)
def test_any_rest_has_an_expiry_or_none_or_a_malformed_one(rest: bytes) -> None:
    try:
        seconds = expires(rest)
    except ValueError:
        return

    assert seconds is None or seconds > 0
