from __future__ import annotations

import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signing.base64url import encode
from signing.errors import MalformedSignature, SignatureError, SignatureMismatch, WrongLength
from signing.imgproxy import ImgproxyScheme, mac
from signing.keys import KeyPair, parse_pairs
from signing.repair import repair
from tests.signing import samples
from tests.signing.samples import OTHER, PAIR, REST, SIGNED

SECRET = parse_pairs("736563726574", "68656C6C6F")[0]
EXAMPLE = parse_pairs(
    "943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881",
    "520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5",
)[0]
CURIOSITY = b"/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png"
PRETTY = b"/rs:fit:300:300/plain/http://img.example.com/pretty/image.jpg"


@pytest.mark.parametrize(
    ("pair", "rest", "signature"),
    [
        (SECRET, CURIOSITY, b"oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8"),
        (PAIR, b"/asd", b"oWaL7QoW5TsgbuiS9-5-DI8S3Ibbo1gdB2SteJh3a20"),
        (OTHER, b"/asd", b"jYz1UZ7j1BCdSzH3pZhaYf0iuz0vusoOTdqJsUT6WXI"),
        (PAIR, REST, b"My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI"),
        (EXAMPLE, PRETTY, b"m3k5QADfcKPDj-SDI2AIogZbC3FlAXszuwhtWXYqavc"),
    ],
)
def test_imgproxys_published_signatures_are_made_and_verified(
    pair: KeyPair, rest: bytes, signature: bytes
) -> None:
    scheme = ImgproxyScheme((pair,))

    assert scheme.sign(rest) == b"/" + signature + rest
    assert scheme.verify(b"/" + signature + rest) == rest


@pytest.mark.parametrize(
    ("pair", "signed"),
    [(PAIR, b"/oWaL7QoW5Ts/asd"), (EXAMPLE, b"/m3k5QADfcKM" + PRETTY)],
)
def test_imgproxys_published_signatures_of_eight_bytes_are_too_short_for_us(
    pair: KeyPair, signed: bytes
) -> None:
    with pytest.raises(WrongLength, match="expected 16 to 32 bytes, got 8"):
        ImgproxyScheme((pair,)).verify(signed)


@pytest.mark.parametrize("size", range(16, 33))
@pytest.mark.parametrize("own_size", [16, 32])
def test_signatures_of_every_allowed_length_verify_whatever_sign_makes(
    size: int, own_size: int
) -> None:
    signed = ImgproxyScheme((PAIR,), size).sign(REST)

    assert ImgproxyScheme((PAIR,), own_size).verify(signed) == REST


@pytest.mark.parametrize("size", [0, 1, 15])
def test_shorter_signatures_are_refused_however_right(size: int) -> None:
    signed = b"/" + (encode(mac(PAIR, REST)[:size]) or b"AA") + REST

    with pytest.raises(WrongLength):
        ImgproxyScheme((PAIR,)).verify(signed)


def test_longer_signatures_are_refused_however_they_begin() -> None:
    signed = b"/" + encode(mac(PAIR, REST) + b"\0") + REST

    with pytest.raises(WrongLength, match="got 33"):
        ImgproxyScheme((PAIR,)).verify(signed)


def test_the_first_pair_signs_and_all_verify() -> None:
    old, new = ImgproxyScheme((OTHER,)), ImgproxyScheme((PAIR, OTHER))

    assert new.sign(REST) == SIGNED
    assert new.verify(old.sign(REST)) == REST
    with pytest.raises(SignatureMismatch):
        old.verify(new.sign(REST))


def test_a_key_does_not_go_with_another_pairs_salt() -> None:
    mixed = ImgproxyScheme((KeyPair(PAIR.key, OTHER.salt),))

    with pytest.raises(SignatureMismatch):
        ImgproxyScheme((PAIR, OTHER)).verify(mixed.sign(REST))


@pytest.mark.parametrize(
    "sent",
    [
        b"/rs%3Afill%3A4%3A4/plain/local:///test1.png",
        b"/rs%3afill:4%3a4/plain/local:///test1.png",
        b"/rs:fill:4:4/plain/local:/test1.png",
    ],
)
def test_what_proxies_do_to_a_path_does_not_break_its_signature(sent: bytes) -> None:
    signature = SIGNED.removesuffix(REST)

    assert ImgproxyScheme((PAIR,)).verify(signature + sent) == REST


def test_a_signature_over_an_escaped_colon_does_not_verify_as_in_imgproxy() -> None:
    raw = b"/rs%3Afill%3A4%3A4/plain/local:///test1.png"
    signature = b"/" + encode(mac(PAIR, raw))

    for sent in (raw, REST):
        with pytest.raises(SignatureMismatch):
            ImgproxyScheme((PAIR,)).verify(signature + sent)


@pytest.mark.parametrize("spoilt", [b"=", b"%3D", b"\n", b" "])
def test_a_signature_with_anything_behind_it_is_malformed(spoilt: bytes) -> None:
    with pytest.raises(MalformedSignature):
        ImgproxyScheme((PAIR,)).verify(SIGNED.replace(b"/rs", spoilt + b"/rs"))


@given(samples.pairs, samples.rests, st.integers(16, 32), st.integers(min_value=0))
def test_any_flipped_bit_is_refused_unless_repair_undoes_it(
    pair: KeyPair, rest: bytes, size: int, position: int
) -> None:
    scheme = ImgproxyScheme((pair,), size)
    signed = scheme.sign(rest)
    place, bit = divmod(position % (len(signed) * 8), 8)
    flipped = signed[:place] + bytes([signed[place] ^ 1 << bit]) + signed[place + 1 :]
    start = len(signed) - len(repair(rest))
    assume(flipped[:start] != signed[:start] or repair(flipped[start:]) != repair(rest))

    with pytest.raises(SignatureError):
        scheme.verify(flipped)


def test_every_single_bit_of_a_signed_url_counts() -> None:
    scheme = ImgproxyScheme((PAIR, OTHER))

    for position in range(len(SIGNED) * 8):
        place, bit = divmod(position, 8)
        flipped = SIGNED[:place] + bytes([SIGNED[place] ^ 1 << bit]) + SIGNED[place + 1 :]
        with pytest.raises(SignatureError):
            scheme.verify(flipped)


def test_comparison_takes_constant_time_and_tries_every_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def spy(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)

    ImgproxyScheme((PAIR, OTHER)).verify(SIGNED)

    assert compared == [mac(PAIR, REST), mac(OTHER, REST)]


@pytest.mark.parametrize(
    ("pairs", "size", "complaint"),
    [((), 32, "at least one key pair"), ((PAIR,), 15, "16..32"), ((PAIR,), 33, "16..32")],
)
def test_a_scheme_that_could_not_protect_is_not_built(
    pairs: tuple[KeyPair, ...], size: int, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ImgproxyScheme(pairs, size)


def test_a_scheme_shows_no_key_material() -> None:
    assert "test-key" not in repr(ImgproxyScheme((PAIR,)))
