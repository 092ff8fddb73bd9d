"""Each classic mistake, made on purpose, is recognised by name."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.diagnosis import FINDINGS, Diagnosis, Finding, diagnose
from signing.errors import SignatureError
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair
from tests.signing import samples

FIRST = KeyPair(hashlib.sha256(b"key 0").digest(), hashlib.sha256(b"salt 0").digest())
SECOND = KeyPair(hashlib.sha256(b"key 1").digest(), hashlib.sha256(b"salt 1").digest())
PAIRS = (FIRST, SECOND)
REST = "/rs:fit:300:300/plain/https://img.example/a%20b%2Fc.jpg@webp"
HOST = "https://cdn.example"


def digest(
    text: str, *, key: bytes = FIRST.key, salt: bytes = FIRST.salt, name: str = "sha256"
) -> bytes:
    return hmac.digest(key, salt + text.encode(), name)


def url(raw: bytes, rest: str = REST) -> str:
    return "/" + base64.urlsafe_b64encode(raw).decode().rstrip("=") + rest


def explained(signed: str) -> Diagnosis:
    return diagnose(signed.encode(), PAIRS)


KEY_HEX, SALT_HEX = FIRST.key.hex().encode(), FIRST.salt.hex().encode()
# A rest whose signature has '+' and '/' in the standard alphabet.
SLASHED = next(
    rest
    for rest in (f"/w:{width}/plain/local:///a.jpg" for width in range(1, 1000))
    if {*b"+/"} <= {*base64.b64encode(digest(rest))} and b"/" in base64.b64encode(digest(rest))[1:]
)
STANDARD = base64.b64encode(digest(SLASHED)).decode()

MISTAKES = {
    "hex as text": (
        url(digest(REST, key=KEY_HEX, salt=SALT_HEX)),
        ["digits of the key were used as text", "digits of the salt were used as text"],
    ),
    "upper hex as text": (
        url(digest(REST, key=KEY_HEX.upper(), salt=SALT_HEX.upper())),
        ["digits of the key were used as text", "digits of the salt were used as text"],
    ),
    "key alone as text": (url(digest(REST, key=KEY_HEX)), ["digits of the key were used as text"]),
    "salt alone as text": (url(digest(REST, salt=SALT_HEX)), ["digits of the salt were used as"]),
    "swapped": (url(digest(REST, key=FIRST.salt, salt=FIRST.key)), ["Key and salt are swapped"]),
    "swapped and as text": (
        url(digest(REST, key=SALT_HEX, salt=KEY_HEX)),
        ["Key and salt are swapped", "of the key were used as text", "of the salt were used as"],
    ),
    "salt forgotten": (url(digest(REST, salt=b"")), ["The salt was forgotten"]),
    "salt last": (
        url(hmac.digest(FIRST.key, REST.encode() + FIRST.salt, "sha256")),
        ["The salt stands after the path"],
    ),
    "pairs mixed up": (
        url(digest(REST, key=SECOND.key)),
        ["key [1] goes with salt [1], not with salt [0]"],
    ),
    "no leading slash": (url(digest(REST[1:])), ["leading slash is missing"]),
    "host signed": (HOST + url(digest(HOST + REST)), ["host was included"]),
    "bare host signed": (HOST + url(digest("cdn.example" + REST)), ["host was included"]),
    "host and query signed": (
        HOST + url(digest(HOST + REST + "?v=1")) + "?v=1",
        ["host was included"],
    ),
    "query signed": (url(digest(REST + "?v=1")) + "?v=1", ["query string was included"]),
    "line end signed": (url(digest(REST + "\n")), ["line end was included"]),
    "decoded path signed": (
        url(digest(REST.replace("%20", " ").replace("%2F", "/"))),
        ["decoded path was signed"],
    ),
    "encoded again on the way": (
        url(digest(REST), REST.replace("%", "%25")),
        ["percent-encoded once more after signing"],
    ),
    "encoded twice when signed": (
        url(digest(REST.replace("%", "%25"))),
        ["percent-encoded twice"],
    ),
    "source escaped when signed": (
        url(
            digest("/w:3/plain/" + quote("https://img.example/a.jpg", safe="")),
            "/w:3/plain/https://img.example/a.jpg",
        ),
        ["percent-encoded more than the URL is"],
    ),
    "brackets unescaped by a proxy": (
        url(digest("/w:3/plain/local:///a%281%29%20.jpg"), "/w:3/plain/local:///a(1)%20.jpg"),
        ["percent-encoded more than the URL is"],
    ),
    "escaped colon signed": (
        url(digest("/w%3A3/plain/local:///a.jpg"), "/w%3A3/plain/local:///a.jpg"),
        ["escaped colon (%3A)"],
    ),
    "SHA-1": (url(digest(REST, name="sha1")), ["HMAC-SHA1 was used"]),
    "MD5": (url(digest(REST, name="md5")), ["HMAC-MD5 was used"]),
    "SHA-512": (url(digest(REST, name="sha512")), ["HMAC-SHA512 was used"]),
    "SHA-512 cut to size": (url(digest(REST, name="sha512")[:32]), ["HMAC-SHA512 was used"]),
    "no HMAC": (
        url(hashlib.sha256(FIRST.key + FIRST.salt + REST.encode()).digest()),
        ["plain SHA-256 hash was made"],
    ),
    "padding": (
        "/" + base64.urlsafe_b64encode(digest(REST)).decode() + REST,
        ["Padding was left on"],
    ),
    "escaped padding": (
        "/" + base64.urlsafe_b64encode(digest(REST)).decode().replace("=", "%3D") + REST,
        ["Padding was left on"],
    ),
    "standard alphabet": (
        "/" + STANDARD + SLASHED,
        ["Padding was left on", "standard base64 alphabet"],
    ),
    "standard alphabet, escaped": (
        "/" + quote(STANDARD.rstrip("="), safe="") + SLASHED,
        ["standard base64 alphabet"],
    ),
    "hex signature": ("/" + digest(REST).hex() + REST, ["signature is written in hex"]),
    "base64 of hex digits": (
        url(digest(REST).hex().encode()),
        ["hex digits were base64-encoded"],
    ),
    "too short": (url(digest(REST)[:8]), ["cut to 8 bytes"]),
    "copied in part": (url(digest(REST))[:42] + REST, ["cut or altered in its last characters"]),
    "a prefix in front": ("/images" + url(digest(REST)), ["/images stands before the signature"]),
    "three at once": (
        "/" + base64.urlsafe_b64encode(digest(REST[1:], salt=b"")).decode() + REST,
        ["Padding was left on", "leading slash is missing", "The salt was forgotten"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_classic_mistake_is_recognised_alone_and_combined(mistake: str) -> None:
    signed, expected = MISTAKES[mistake]

    diagnosis = explained(signed)

    assert diagnosis.finding is not Finding.FINE
    assert len(diagnosis.hints) == len(expected), diagnosis.hints
    assert all(part in hint for part, hint in zip(expected, diagnosis.hints, strict=True))


@pytest.mark.parametrize("index", [0, 1])
def test_a_fine_url_names_its_pair_and_what_was_signed(index: int) -> None:
    path = ImgproxyScheme((PAIRS[index],)).sign(REST.encode())

    diagnosis = diagnose(HOST.encode() + path + b"?utm=1#top", PAIRS)

    assert diagnosis == Diagnosis(Finding.FINE, path, REST.encode(), index)


@pytest.mark.parametrize(
    ("signed", "finding", "advice"),
    [
        (REST, Finding.MISSING, "Nothing was signed"),
        (HOST, Finding.MISSING, "Nothing was signed"),
        ("/unsafe" + REST, Finding.MALFORMED, "Nothing was signed"),
        ("/plain/https://img.example/a.jpg", Finding.MALFORMED, "Nothing was signed"),
        (url(b"x" * 32), Finding.MISMATCH, "No known mistake"),
        (url(b"x" * 33), Finding.WRONG_LENGTH, "No known mistake"),
        (url(digest(REST), "/w:4/plain/a"), Finding.MISMATCH, "No known mistake"),
    ],
)
def test_what_no_mistake_explains_gets_advice(signed: str, finding: Finding, advice: str) -> None:
    diagnosis = explained(signed)

    assert diagnosis.finding is finding
    assert [advice in hint for hint in diagnosis.hints] == [True]


@given(st.one_of(st.binary(), samples.rests, samples.rests.map(lambda rest: b"/a+/b=" + rest)))
def test_any_bytes_get_a_diagnosis(signed: bytes) -> None:
    diagnosis = diagnose(signed, PAIRS)

    assert diagnosis.finding is not Finding.FINE
    assert diagnosis.detail
    assert diagnosis.hints


def test_every_signature_error_has_a_finding() -> None:
    assert set(SignatureError.__subclasses__()) == set(FINDINGS)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_diagnosis_shows_no_key_material(mistake: str) -> None:
    shown = repr(explained(MISTAKES[mistake][0]))

    assert not any(secret.hex() in shown for pair in PAIRS for secret in (pair.key, pair.salt))
