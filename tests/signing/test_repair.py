from __future__ import annotations

import pytest
from hypothesis import given

from signing.repair import repair
from tests.signing import samples


@pytest.mark.parametrize(
    ("sent", "repaired"),
    [
        (b"/rs%3Afit%3a3/plain/s3://b/k", b"/rs:fit:3/plain/s3://b/k"),
        (b"/rs%3Afit/aHR0cA%3A", b"/rs:fit/aHR0cA:"),
        (b"/w:3/plain/https%3A%2F%2Fhost/a%3Ab", b"/w:3/plain/https%3A%2F%2Fhost/a%3Ab"),
        (b"/w:3/plain/a/plain/b%3A", b"/w:3/plain/a/plain/b%3A"),
        (b"/w:3/plain/https:/host/a", b"/w:3/plain/https://host/a"),
        (b"/w:3/plain/local:/a", b"/w:3/plain/local:///a"),
        (b"/plain/local:/a", b"/plain/local:///a"),
        (b"/plain/local:///a", b"/plain/local:///a"),
        (b"/plain/https://host/a:/b", b"/plain/https://host/a:/b"),
        (b"/plain/folder/a:/b", b"/plain/folder/a:/b"),
        (b"/plain/s3:/", b"/plain/s3:/"),
        (b"/w:3/aHR0cDovLw/s3:/b", b"/w:3/aHR0cDovLw/s3:/b"),
    ],
)
def test_colons_and_the_scheme_are_repaired_and_nothing_else(sent: bytes, repaired: bytes) -> None:
    assert repair(sent) == repaired


@given(samples.rests)
def test_repairing_twice_changes_nothing(rest: bytes) -> None:
    assert repair(repair(rest)) == repair(rest)
