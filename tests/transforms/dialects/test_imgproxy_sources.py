"""The end of the path: what is to be transformed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import PlanError
from transforms.formats import Format
from transforms.references import read_base64, write_base64

DIALECT = Imgproxy()
CURIOSITY = "http://example.com/images/curiosity.jpg"
ENCODED = "aHR0cDovL2V4YW1wbGUuY29tL2ltYWdlcy9jdXJpb3NpdHkuanBn"


@pytest.mark.parametrize(
    ("path", "source", "format"),
    [
        (f"/plain/{CURIOSITY}", CURIOSITY, None),
        (f"plain/{CURIOSITY}", CURIOSITY, None),
        (f"/w:5/plain/{CURIOSITY}@webp", CURIOSITY, Format.WEBP),
        (f"/w:5/plain/{CURIOSITY}@jpg", CURIOSITY, Format.JPEG),
        (f"/w:5/plain/{CURIOSITY}@", CURIOSITY, None),
        ("/plain/local:///a%40b@png", "local:///a@b", Format.PNG),
        ("/plain/local:///a+b%20c%2Fd", "local:///a+b c/d", None),
        ("/plain/local:///100%25", "local:///100%", None),
        ("/plain/local:///a%252F", "local:///a%2F", None),
        ("/plain/local:///caf%C3%A9", "local:///café", None),
        ("/plain/local:///café", "local:///café", None),
        ("/plain/local:///a.b.c", "local:///a.b.c", None),
        ("/plain/local:///w:5/plain/x", "local:///w:5/plain/x", None),
        ("/plain/http://h/a%3Fb=c%23d", "http://h/a?b=c#d", None),
        ("/plain//x/", "/x/", None),
        (f"/{ENCODED}", CURIOSITY, None),
        (f"/w:5/{ENCODED}.png", CURIOSITY, Format.PNG),
        (f"/w:5/{ENCODED}.", CURIOSITY, None),
        (f"/w:5/{ENCODED[:9]}/{ENCODED[9:30]}/{ENCODED[30:]}.png", CURIOSITY, Format.PNG),
        ("/bG9jYWw6Ly8vYQ", "local:///a", None),
        ("/bG9jYWw6Ly8vYQ==", "local:///a", None),
        ("/bG9jYWw6Ly8vYQ==.png", "local:///a", Format.PNG),
        ("/bG9jYWw6Ly8vYR", "local:///a", None),
        ("/bG9jYWw6Ly8vJTQx", "local:///%41", None),
    ],
)
def test_a_path_ends_with_its_source(path: str, source: str, format: Format | None) -> None:
    plan = DIALECT.parse(path.encode())

    assert plan.source == source
    assert plan.output.format == format


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "the source is missing"),
        ("/", "the source is missing"),
        ("/w:5", "the source is missing"),
        ("/w:5/", "the source is missing"),
        ("/-", "the source is missing"),
        ("/plain", "the source is empty"),
        ("/plain/", "the source is empty"),
        ("/plain/@webp", "the source is empty"),
        ("/.webp", "the source is empty"),
        ("/==", "the source is empty"),
        ("/plain/a@b@c", 'at most one "@"'),
        ("/plain/a@@", 'at most one "@"'),
        ("/plain/a@exe", "format: expected one of jpeg"),
        ("/plain/a@w:5", "format: expected one of jpeg"),
        ("/plain/a%", '"%" is not a percent-escape; write % as %25'),
        ("/plain/a%4", '"%4" is not a percent-escape'),
        ("/plain/a%4g", '"%4g" is not a percent-escape'),
        ("/plain/a%%41", '"%%4" is not a percent-escape'),
        ("/plain/a%u0041", '"%u0" is not a percent-escape'),
        ("/plain/%ff", "not UTF-8"),
        ("/plain/%ed%a0%80", "not UTF-8"),
        (f"/{ENCODED}.png.jpg", 'at most one "."'),
        (f"/{ENCODED}.exe", "format: expected one of jpeg"),
        ("/w:5/not+base64", "source: not base64url"),
        ("/w:5/YQ=YQ", "source: not base64url"),
        ("/w:5/a", "source: not base64url of UTF-8"),
        ("/w:5/_w", "source: not base64url of UTF-8"),
        ("/w:5/héllo", "source: not base64url"),
        ("/enc/p5VjorNdhs7mRRw8gA9TWoRlGci3l1kuzqN43UQ", "encrypted sources (enc/)"),
        ("/w:5/hello/plain/x", '"hello" is not an option with arguments'),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(path: str, told: str) -> None:
    with pytest.raises(PlanError) as refused:
        DIALECT.parse(path.encode())

    assert told in str(refused.value)


def test_bytes_that_are_not_utf_8_must_be_escaped() -> None:
    with pytest.raises(PlanError, match="percent-encode"):
        DIALECT.parse(b"/plain/caf\xe9")


@pytest.mark.parametrize("fit", ["fit", "fill", "fill-down", "force", "auto"])
def test_the_old_basic_format_is_refused_with_a_hint(fit: str) -> None:
    with pytest.raises(PlanError, match=f"write rs:{fit}:WIDTH:HEIGHT"):
        DIALECT.parse(f"/{fit}/300/200/no/1/{ENCODED}.png".encode())


def test_an_extension_wins_over_the_format_option() -> None:
    plan = DIALECT.parse(b"/f:png/plain/x@webp")

    assert plan.output.format is Format.WEBP


@pytest.mark.parametrize("extension", ["webp", "pdf", ""])
def test_a_raw_source_has_no_use_for_an_extension(extension: str) -> None:
    plan = DIALECT.parse(f"/raw:1/plain/x@{extension}".encode())

    assert plan == DIALECT.parse(b"/raw:1/plain/x")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/w:5/bG9jYWw6Ly8vYQ/puppy.jpg", "local:///a"),
        ("/w:5/bG9jYWw6/Ly8vYQ.png/puppy", "local:///a"),
        ("/w:5/bG9jYWw6Ly8vYQ", "local:///a"),
        ("/w:5/plain/local:///a/puppy.jpg", "local:///a/puppy.jpg"),
    ],
)
def test_a_readable_name_after_a_base64_source_is_dropped_where_that_is_on(
    path: str, source: str
) -> None:
    assert Imgproxy(file_names=True).parse(path.encode()).source == source


@given(
    reference=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), chunk=st.integers(1, 9)
)
def test_any_reference_can_be_written_in_base64(reference: str, chunk: int) -> None:
    text = write_base64(reference)
    chunks = "/".join(text[at : at + chunk] for at in range(0, len(text), chunk))

    assert read_base64(text) == reference
    # A first chunk may read as a word of the grammar; encoders do not make so small ones.
    if chunk > 5:
        assert DIALECT.parse(f"/w:5/{chunks}".encode()).source == reference


@given(data=st.binary(max_size=40))
def test_base64_of_anything_but_text_is_refused(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode()
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="not base64url of UTF-8 text"):
            read_base64(text)
    else:
        assert read_base64(text) == expected
