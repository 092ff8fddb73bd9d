"""The grammar of source references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sources.errors import SourceReferenceError
from origin.sources.reference import Reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("local:///a/b.jpg", Reference("local", "", "a/b.jpg")),
        ("LOCAL:///a.jpg", Reference("local", "", "a.jpg")),
        ("local:////a.jpg", Reference("local", "", "a.jpg")),
        ("local:///a.jpg?2", Reference("local", "", "a.jpg", "2")),
        ("s3://photos/a/b.jpg", Reference("s3", "photos", "a/b.jpg")),
        ("s3://photos//a.jpg", Reference("s3", "photos", "a.jpg")),
        ("s3://photos/a.jpg?3HL4kq?b", Reference("s3", "photos", "a.jpg", "3HL4kq?b")),
        ("s3://photos/a.jpg?", Reference("s3", "photos", "a.jpg")),
        ("s3://photos/100%25#1+.jpg", Reference("s3", "photos", "100%25#1+.jpg")),
        ("s3://photos/" + "é" * 512, Reference("s3", "photos", "é" * 512)),
        ("https://h.example:8443/a//b?c=d", Reference("https", "h.example:8443", "a//b?c=d")),
    ],
)
def test_a_reference_says_where_to_look(text: str, reference: Reference) -> None:
    assert Reference.parse(text) == reference


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.jpg", "scheme://bucket/key"),
        ("/etc/passwd", "scheme://bucket/key"),
        ("s3:photos/a.jpg", "scheme://bucket/key"),
        ("", "scheme://bucket/key"),
        ("s3:///a.jpg", "s3://bucket/key"),
        ("local://a/b.jpg", "three slashes"),
        ("s3://photos", "a key"),
        ("s3://photos/", "a key"),
        ("local:///?a", "a key"),
        ("local:///a/../b.jpg", r"'\.\.'"),
        ("local:///..", r"'\.\.'"),
        ("s3://photos/a/./b.jpg", r"'\.'"),
        ("s3://photos/a//b.jpg", "empty"),
        ("s3://photos/a/", "empty"),
        ("s3://photos/a\0.jpg", r"'\\x00'"),
        ("s3://photos/a\r\nHost: b", r"'\\r'"),
        ("s3://photos/a\x85.jpg", r"'\\x85'"),
        ("https://h.example/\x7f", r"'\\x7f'"),
        ("s3://photos/\udcff.jpg", "valid UTF-8"),
        ("s3://photos/" + "é" * 513, "at most 1024 bytes, got 1026"),
    ],
)
def test_a_malformed_reference_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(SourceReferenceError, match=reason):
        Reference.parse(text)


@given(st.text() | st.from_regex(r"(s3|local|http)://[a-z]*/[a-z./?%\\]{0,20}", fullmatch=True))
def test_whatever_is_accepted_reads_the_same_when_written_out(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except SourceReferenceError:
        return

    assert Reference.parse(str(reference)) == reference
