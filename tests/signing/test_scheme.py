"""What every scheme promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.errors import MissingSignature, SignatureError
from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.repair import repair
from signing.scheme import Scheme
from tests.signing import samples

SCHEMES: list[Scheme] = [
    ImgproxyScheme((samples.PAIR,)),
    ImgproxyScheme((samples.PAIR, samples.OTHER), size=16),
    AnySignature(),
]
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)


@every_scheme
@given(rest=samples.rests)
def test_what_a_scheme_signs_it_verifies_to_the_repaired_rest(scheme: Scheme, rest: bytes) -> None:
    signed = scheme.sign(rest)

    assert scheme.verify(signed) == repair(rest)
    assert signed.endswith(repair(rest))


@every_scheme
@given(signed=st.one_of(st.binary(), st.binary().map(lambda path: b"/" + path), samples.rests))
def test_any_bytes_verify_or_raise_a_signature_error(scheme: Scheme, signed: bytes) -> None:
    try:
        rest = scheme.verify(signed)
    except SignatureError:
        return

    assert rest.startswith(b"/")


@every_scheme
@pytest.mark.parametrize(
    ("signed", "complaint"),
    [
        (b"", "leading slash"),
        (b"http://host/sig/plain/a", "leading slash"),
        (b"/", "empty first segment"),
        (b"//plain/a", "empty first segment"),
        (b"/unsafe", "nothing after"),
        (b"/unsafe/", "nothing after"),
        (b"/rs:fit:3:4/plain/a", "an option stands in its place"),
        (b"/rs%3Afit%3A3/plain/a", "an option stands in its place"),
    ],
)
def test_a_path_without_a_signature_is_refused_with_what_came(
    scheme: Scheme, signed: bytes, complaint: str
) -> None:
    with pytest.raises(MissingSignature, match=complaint):
        scheme.verify(signed)


@every_scheme
@pytest.mark.parametrize("rest", [b"", b"/", b"plain/a"])
def test_only_a_path_can_be_signed(scheme: Scheme, rest: bytes) -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        scheme.sign(rest)


@pytest.mark.parametrize("placeholder", [b"unsafe", b"_", b"My9d3xq", b"\xff", b"%20"])
def test_without_signing_any_other_first_segment_passes(placeholder: bytes) -> None:
    assert AnySignature().verify(b"/" + placeholder + samples.REST) == samples.REST
